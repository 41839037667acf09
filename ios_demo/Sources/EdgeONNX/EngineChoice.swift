import EdgeRanker

extension EngineChoice {
    /// ONNX Runtime on the processor, through its C API, which is loaded when a bundle is opened.
    ///
    /// `library`: the path of its library; nil if the app links it. Errors, thrown by `open`: the bundle has no ONNX
    /// model or is not installed, or ONNX Runtime is missing.
    public static func onnx(library: String? = nil, threads: Int = 1) -> EngineChoice {
        EngineChoice("onnx", variant: "\(threads)") { bundle in
            if !(1...64).contains(threads) { throw EdgeError("threads is \(threads)", fix: "1 to 64") }
            return try ONNXEngine(bundle.modelFolder("onnx"), bundle.shape, library: library, threads: threads)
        }
    }
}
