// What Apple documents of the part of Core ML that EdgeCoreML calls, to check its types where there is no Core ML. It computes
// nothing, and is in no product.
@_exported import Foundation

public enum MLComputeUnits: Int, Sendable { case cpuOnly, cpuAndGPU, all, cpuAndNeuralEngine }

public class MLModelConfiguration {
    public var computeUnits: MLComputeUnits = .all
    public var functionName: String?

    public init() {}
}

public class MLModel {
    public class func compileModel(at modelURL: URL) throws -> URL { fatalError() }

    public class func compileModel(at url: URL) async throws -> URL { fatalError() }

    public init(contentsOf url: URL, configuration: MLModelConfiguration) throws { fatalError() }

    public func prediction(from input: any MLFeatureProvider) throws -> any MLFeatureProvider { fatalError() }

    public func prediction(from input: any MLFeatureProvider) async throws -> any MLFeatureProvider { fatalError() }
}

public protocol MLFeatureProvider {
    var featureNames: Set<String> { get }

    func featureValue(for featureName: String) -> MLFeatureValue?
}

public class MLDictionaryFeatureProvider: MLFeatureProvider {
    public let featureNames: Set<String> = []

    public init(dictionary: [String: Any]) throws { fatalError() }

    public func featureValue(for featureName: String) -> MLFeatureValue? { fatalError() }
}

public class MLFeatureValue {
    public convenience init<Scalar: MLShapedArrayScalar>(shapedArray: MLShapedArray<Scalar>) { fatalError() }

    public func shapedArrayValue<Scalar: MLShapedArrayScalar>(of type: Scalar.Type) -> MLShapedArray<Scalar>? { fatalError() }
}

public protocol MLShapedArrayScalar {}

extension Float: MLShapedArrayScalar {}
extension Int32: MLShapedArrayScalar {}

public struct MLShapedArray<Scalar: MLShapedArrayScalar> {
    public init<S: Sequence>(scalars: S, shape: [Int]) where S.Element == Scalar { fatalError() }

    public var scalars: [Scalar] { fatalError() }
}
