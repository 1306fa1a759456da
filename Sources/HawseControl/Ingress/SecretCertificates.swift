extension RouteObjects {
    /// The names in a TLS Secret's certificate; nil without the Secret or when it cannot be read.
    func certificateNames(_ key: ObjectKey) -> CertificateNames? {
        guard let secret = secrets[key] else { return nil }
        if let text = secret.stringData["tls.crt"] { return CertificateNames(pem: text) }
        guard let encoded = secret.data["tls.crt"], let bytes = Base64.decode(encoded.text) else { return nil }
        return CertificateNames(pem: String(decoding: bytes, as: UTF8.self))
    }
}
