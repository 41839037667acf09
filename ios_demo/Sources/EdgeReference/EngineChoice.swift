import EdgeRanker

extension EngineChoice {
    /// Swift alone, without a library: slower than the other engines, and the same on every device.
    public static let reference = EngineChoice("reference") { bundle in
        let weights = try bundle.weights
        if weights.tensors.isEmpty { throw EdgeError("the bundle has no weights.bin, which this engine reads") }
        return try ReferenceEngine(weights, bundle.shape)
    }
}
