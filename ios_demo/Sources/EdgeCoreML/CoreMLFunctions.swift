/// What runs the functions of a Core ML package: the framework, or the simulator in tests on Linux.
package protocol CoreMLFunctions: AnyObject {
    /// The outputs by name, row-major. Errors: there is no such function, or it takes other arrays.
    func predict(_ function: String, _ inputs: [String: CoreMLArray]) throws -> [String: [Float]]
}

/// An input of a function, in row-major order.
package enum CoreMLArray: Sendable {
    case floats([Float], extents: [Int])
    case integers([Int32], extents: [Int])
}
