/// `upstream-hash-by…`, `load-balance`, `service-upstream`: how endpoints are found and chosen.
struct NginxUpstreamSettings: NginxAnnotation {
    static let names = [
        "upstream-hash-by", "upstream-hash-by-subset", "upstream-hash-by-subset-size", "load-balance", "service-upstream",
    ]

    var hashBy = ""
    var hashesSubset = false
    var subsetSize = 3
    var algorithm = ""
    var usesService = false

    init() {}

    init(_ reader: AnnotationReader) throws(AnnotationRefusal) {
        hashBy = try reader.text("upstream-hash-by", .hash) ?? ""
        hashesSubset = try reader.flag("upstream-hash-by-subset") ?? false
        let size = try reader.number("upstream-hash-by-subset-size") ?? 0
        subsetSize = size > 0 ? size : 3
        algorithm = try reader.text("load-balance", .options(["round_robin", "ewma"])) ?? ""
        // A value that is neither true nor false counts as false, an absent one as the controller's default.
        let isThere = reader.ingress.metadata.annotations[AnnotationReader.prefix + "service-upstream"] != nil
        usesService = reader.lenientFlag("service-upstream") ?? (isThere ? false : reader.settings.serviceUpstream)
    }
}
