import EdgeRanker

extension EngineChoice {
    /// Core ML, whose functions `load` opens, given the folder of `Model.mlpackage` and the names of the functions.
    /// `units`: the name of the compute units, for which the costs are kept.
    package static func coreML(
        units: String = "cpu", load: @escaping @Sendable (String, [String]) throws -> any CoreMLFunctions
    ) -> EngineChoice {
        EngineChoice("coreml", variant: units) { bundle in
            let names = bundle.buckets("coreml")
            let functions = try load(bundle.modelFolder("coreml"), names)
            return try BucketEngine("coreml", CoreMLModel(functions, bundle.shape), names, bundle.shape)
        }
    }
}
