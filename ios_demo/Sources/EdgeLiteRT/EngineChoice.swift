import EdgeRanker

private let modelPath = "models/litert/model.tflite"

extension EngineChoice {
    /// LiteRT on the processor, through its C API, which is loaded when a bundle is opened.
    ///
    /// `library`: the path of its library; nil if the app is linked with it. Errors, of `open`: the bundle has no model of
    /// LiteRT, or LiteRT is not there.
    public static func liteRT(library: String? = nil, threads: Int = 1) -> EngineChoice {
        EngineChoice("litert", variant: "\(threads)") { bundle in
            try bundle.requireModel("litert")
            if !(1...64).contains(threads) { throw EdgeError("threads is \(threads)", fix: "1 to 64") }
            let model = try LiteRTModel(bundle.fileBytes(modelPath), library: library, threads: threads)
            return try BucketEngine("litert", model, bundle.buckets("litert"), bundle.shape)
        }
    }
}
