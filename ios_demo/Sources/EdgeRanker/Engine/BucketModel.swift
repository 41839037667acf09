/// A model of static shapes: a graph for each bucket, of the bucket's name.
package protocol BucketModel: AnyObject {
    /// Errors: the model has no such graph.
    func graph(_ name: String) throws -> any BucketGraph
}

/// A graph of static shapes; its inputs keep what was written into them.
package protocol BucketGraph: AnyObject {
    func takes(_ input: String) -> Bool

    /// Writes a whole input, in parts one after another; a model omits inputs that it would not use. Errors: another size.
    func write(_ input: String, _ parts: [[Float]]) throws
    func write(_ input: String, _ values: [Int32]) throws

    func run() throws

    /// So many values of an output from a place on. Errors: it is smaller.
    func read(_ output: String, from place: Int, count: Int) throws -> [Float]
}

extension BucketGraph {
    func write(_ input: String, _ values: [Float]) throws { try write(input, [values]) }

    func read(_ output: String, count: Int) throws -> [Float] { try read(output, from: 0, count: count) }
}
