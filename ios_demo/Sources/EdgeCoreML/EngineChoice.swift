import EdgeRanker

extension EngineChoice {
    /// Core ML, whose functions `load` opens: it gets the folder of `Model.mlpackage` and the names of the functions.
    package static func coreML(
        directory: String, load: @escaping @Sendable (String, [String]) throws -> any CoreMLFunctions
    ) -> EngineChoice {
        EngineChoice("coreml") { bundle in
            if !bundle.engines.contains("coreml") {
                throw EdgeError("the bundle has no model of coreml", fix: "export it with this engine")
            }
            let names = bundle.buckets("coreml")
            let functions = try load(bundle.modelFolder("coreml", in: directory), names)
            return try BucketEngine("coreml", CoreMLModel(functions, bundle.shape), names, bundle.shape)
        }
    }
}
