#if canImport(CoreML)
    import CoreML
    import EdgeRanker

    @available(iOS 18, macOS 15, tvOS 18, visionOS 2, watchOS 11, *)
    extension EngineChoice {
        /// Apple's Core ML, which compiles the package of an installed bundle at its first opening.
        ///
        /// Errors, thrown by `open`: the bundle has no Core ML model or is not installed, or Core ML refuses the model.
        public static func coreML(units: MLComputeUnits = .cpuOnly) -> EngineChoice {
            coreML(units: "\(units.rawValue)") { folder, names in try Framework(folder, names, units) }
        }
    }

    /// The functions of a compiled package. Core ML opens each as a model of its own.
    @available(iOS 18, macOS 15, tvOS 18, visionOS 2, watchOS 11, *)
    private final class Framework: CoreMLFunctions {
        private let models: [String: MLModel]

        init(_ folder: String, _ names: [String], _ units: MLComputeUnits) throws {
            do {
                models = try openedModels(in: URL(fileURLWithPath: folder, isDirectory: true), names, units)
            } catch {
                throw EdgeError("Core ML cannot open the model", evidence: "\(error)", fix: "export the bundle again")
            }
        }

        func predict(_ function: String, _ inputs: [String: CoreMLArray]) throws -> [String: [Float]] {
            guard let model = models[function] else { throw EdgeError("Core ML has no function \(function)") }
            let given = try MLDictionaryFeatureProvider(dictionary: inputs.mapValues(featureValue))
            let found = try model.prediction(from: given)
            return found.featureNames.reduce(into: [:]) { outputs, name in
                outputs[name] = found.featureValue(for: name)?.shapedArrayValue(of: Float.self)?.scalars
            }
        }
    }

    @available(iOS 18, macOS 15, tvOS 18, visionOS 2, watchOS 11, *)
    private func featureValue(_ array: CoreMLArray) -> MLFeatureValue {
        switch array {
        case .floats(let values, let extents): MLFeatureValue(shapedArray: MLShapedArray(scalars: values, shape: extents))
        case .integers(let values, let extents): MLFeatureValue(shapedArray: MLShapedArray(scalars: values, shape: extents))
        }
    }

    /// Compiles the package unless it was compiled before. Core ML compiles into a folder that the system may empty, so
    /// the result is moved beside the package.
    @available(iOS 18, macOS 15, tvOS 18, visionOS 2, watchOS 11, *)
    private func openedModels(
        in folder: URL, _ names: [String], _ units: MLComputeUnits
    ) throws -> [String: MLModel] {
        let kept = folder.appendingPathComponent("Model.mlmodelc", isDirectory: true)
        // This fails if there is none yet, or if it is damaged or of another system.
        if let models = try? opened(kept, names, units) { return models }
        try? FileManager.default.removeItem(at: kept)
        let compiled = try MLModel.compileModel(at: folder.appendingPathComponent("Model.mlpackage", isDirectory: true))
        try FileManager.default.moveItem(at: compiled, to: kept)
        return try opened(kept, names, units)
    }

    @available(iOS 18, macOS 15, tvOS 18, visionOS 2, watchOS 11, *)
    private func opened(_ compiled: URL, _ names: [String], _ units: MLComputeUnits) throws -> [String: MLModel] {
        try names.reduce(into: [:]) { models, name in
            let configuration = MLModelConfiguration()
            configuration.computeUnits = units
            configuration.functionName = name
            models[name] = try MLModel(contentsOf: compiled, configuration: configuration)
        }
    }
#endif
