import EdgeRanker

extension EngineChoice {
    /// ONNX Runtime on the processor, through its C API, which is loaded when a bundle is opened.
    ///
    /// `directory`: where the model's files are written, which ONNX Runtime maps. `library`: the path of its library; nil if
    /// the app is linked with it. Errors, of `open`: the bundle has no model of ONNX, or ONNX Runtime is not there.
    public static func onnx(directory: String, library: String? = nil, threads: Int = 1) -> EngineChoice {
        EngineChoice("onnx") { bundle in
            if !bundle.engines.contains("onnx") {
                throw EdgeError("the bundle has no model of onnx", fix: "export it with this engine")
            }
            if !(1...64).contains(threads) { throw EdgeError("threads is \(threads)", fix: "1 to 64") }
            let folder = try bundle.modelFolder("onnx", in: directory)
            return try ONNXEngine(folder, bundle.shape, library: library, threads: threads)
        }
    }
}
