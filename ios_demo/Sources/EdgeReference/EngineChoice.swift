import EdgeRanker

extension EngineChoice {
    /// Swift alone, without a library: slower than an engine made for the device, and the same on every one.
    public static let reference = EngineChoice("reference") { try ReferenceEngine($0, $1) }
}
