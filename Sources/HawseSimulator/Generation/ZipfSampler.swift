import HawseModel

/// Draws ranks 0…n-1 with probability proportional to 1/(rank+1)^s, each in constant time and without a table.
///
/// Rejection-inversion after Hörmann and Derflinger (1996): the inverse of the integral over 1/x^s gives a candidate, and
/// the area by which the integral overstates its bar decides whether it is taken.
struct ZipfSampler {
    private let count: Double
    private let exponent: Double
    private let low: Double
    private let high: Double
    private let threshold: Double

    init(count: Int, exponent: Double) {
        self.count = Double(max(1, count))
        self.exponent = exponent
        low = Self.integral(1.5, exponent) - 1
        high = Self.integral(self.count + 0.5, exponent)
        threshold = 2 - Self.inverse(Self.integral(2.5, exponent) - Self.power(2, -exponent), exponent)
    }

    /// The integral of x^-s, with its limit where s is 1.
    private static func integral(_ x: Double, _ s: Double) -> Double {
        let logarithm = ln(x)
        return expm1Ratio((1 - s) * logarithm) * logarithm
    }

    private static func inverse(_ x: Double, _ s: Double) -> Double {
        let t = max(-1, x * (1 - s))
        return exponential(log1pRatio(t) * x)
    }

    mutating func draw(_ chance: inout RandomStream) -> Int {
        while true {
            let unit = Double(chance.next() >> 11) * 0x1p-53
            let area = high + unit * (low - high)
            let x = Self.inverse(area, exponent)
            let rank = min(max((x + 0.5).rounded(.down), 1), count)
            if rank - x <= threshold || area >= Self.integral(rank + 0.5, exponent) - Self.power(rank, -exponent) {
                return Int(rank) - 1
            }
        }
    }
}
