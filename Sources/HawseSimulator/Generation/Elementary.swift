import Foundation

// The few functions that the samplers need; near zero by their series, where the plain form loses all its digits.

func ln(_ x: Double) -> Double { log(x) }
func exponential(_ x: Double) -> Double { exp(x) }

extension ZipfSampler {
    static func power(_ base: Double, _ exponent: Double) -> Double { exp(exponent * log(base)) }
    static func expm1Ratio(_ x: Double) -> Double {
        abs(x) > 1e-8 ? expm1(x) / x : 1 + x / 2 * (1 + x / 3 * (1 + x / 4))
    }
    static func log1pRatio(_ x: Double) -> Double {
        abs(x) > 1e-8 ? log1p(x) / x : 1 - x * (0.5 - x * (1.0 / 3 - x / 4))
    }
}
