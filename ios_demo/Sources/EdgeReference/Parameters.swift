import EdgeRanker

/// A model's parameters by name: float32, or int8 with a `.scale` for each row. Errors: one is not there.
struct Parameters {
    private let weights: PackedWeights

    init(_ weights: PackedWeights) { self.weights = weights }

    func has(_ name: String) -> Bool { weights.tensor(name) != nil }

    func floats(_ name: String) throws -> [Float] {
        guard let floats = try tensor(name).floats else { throw EdgeError("the weights of \(name) are integers") }
        return floats
    }

    func table(_ name: String) throws -> Table {
        let tensor = try tensor(name + ".weight")
        return Table(name, tensor, scales: try scales(name, tensor))
    }

    func norm(_ name: String) throws -> Norm {
        Norm(weight: try floats(name + ".weight"), bias: try floats(name + ".bias"))
    }

    func linear(_ name: String) throws -> Linear {
        let weight = try tensor(name + ".weight")
        return try Linear(name, weight, scales: try scales(name, weight), bias: try floats(name + ".bias"))
    }

    /// x W^T.
    func product(_ name: String) throws -> Linear {
        let weight = try tensor(name + ".weight")
        return try Linear(name, weight, scales: try scales(name, weight), bias: nil)
    }

    private func scales(_ name: String, _ tensor: Tensor) throws -> [Float] {
        tensor.integers == nil ? [] : try floats(name + ".scale")
    }

    private func tensor(_ name: String) throws -> Tensor {
        guard let tensor = weights.tensor(name) else { throw EdgeError("the weights have no \(name)") }
        return tensor
    }
}
