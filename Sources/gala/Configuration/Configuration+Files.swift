import GalaNode

extension Configuration {
    /// What is wrong with the files of certificates, by the settings that name them: looked at before anything starts.
    var certificateFaults: [Settings.Fault] {
        var faults: [Settings.Fault] = []
        if let identity {
            faults += Self.faults(identity.certificate, (.nodeCertificate, .nodeKey), identity.authority)
        }
        if let httpCertificate { faults += Self.faults(httpCertificate, (.httpCertificate, .httpKey), nil) }
        return faults
    }

    private static func faults(
        _ files: Certificate,
        _ names: (certificate: SettingName, key: SettingName),
        _ authority: String?
    ) -> [Settings.Fault] {
        CertificateFileCheck.faults(certificate: files.chain, key: files.key, authority: authority).map { fault in
            let name =
                switch fault.file {
                case .certificate: names.certificate
                case .key: names.key
                case .authority: SettingName.nodeAuthority
                }
            return Settings.Fault(source: .file(name.rawValue), rule: fault.rule)
        }
    }
}
