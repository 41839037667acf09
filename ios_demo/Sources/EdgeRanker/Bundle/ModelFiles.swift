extension EdgeBundle {
    /// Errors: the bundle has no model of an engine.
    package func requireModel(_ engine: String) throws {
        if engines.contains(engine) { return }
        let has = engines.joined(separator: ", ")
        throw EdgeError("the bundle has no model of \(engine)", evidence: "its models: \(has)", fix: "export it with this engine")
    }

    /// The folder of an engine's model, for an engine that reads it from files. Errors: there is none, or nothing is installed.
    package func modelFolder(_ engine: String) throws -> String {
        try requireModel(engine)
        if let folder = installedPath("models/\(engine)") { return folder }
        throw EdgeError("\(engine) reads its model from files", fix: "Options(directory: .path(...)), of a folder that can be written")
    }
}
