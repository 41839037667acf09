extension EdgeBundle {
    /// The folder of an engine's model, for an engine that reads it from files. Errors: there is none, or nothing is installed.
    package func modelFolder(_ engine: String) throws -> String {
        if !engines.contains(engine) {
            let has = engines.joined(separator: ", ")
            throw EdgeError("the bundle has no model of \(engine)", evidence: "its models: \(has)", fix: "export it with this engine")
        }
        if let folder = installedPath("models/\(engine)") { return folder }
        throw EdgeError("\(engine) reads its model from files", fix: "Options(directory: .path(...)), of a folder that can be written")
    }
}
