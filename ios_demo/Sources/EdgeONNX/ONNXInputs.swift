import CONNX
import EdgeRanker

/// The inputs of all entry points by name, in memory that is kept from call to call.
final class ONNXInputs {
    private struct Kept {
        let memory: UnsafeMutableRawBufferPointer
        let extents: [Int]
        let value: ONNXValue
    }

    private let runtime: ONNXRuntime
    private var kept: [String: Kept] = [:]

    init(_ runtime: ONNXRuntime) { self.runtime = runtime }

    deinit { for one in kept.values { one.memory.deallocate() } }

    /// Errors: it was never written.
    func pointer(_ name: String) throws -> OpaquePointer? {
        guard let value = kept[name]?.value else { throw EdgeError("nothing was written to \(name)") }
        return value.pointer
    }

    /// Writes a whole input, part after part; the parts must fill the extents. An input without elements is skipped.
    func write(_ name: String, _ extents: [Int], _ parts: [ArraySlice<Float>]) throws {
        try writeParts(name, extents, element: Int32(EDGE_ONNX_FLOAT), parts)
    }

    func write(_ name: String, _ extents: [Int], _ values: [Float]) throws { try write(name, extents, [values[...]]) }

    func write(_ name: String, _ extents: [Int], _ values: [Int32]) throws {
        try writeParts(name, extents, element: Int32(EDGE_ONNX_INTEGER), [values[...]])
    }

    private func writeParts<Number>(
        _ name: String, _ extents: [Int], element: Int32, _ parts: [ArraySlice<Number>]
    ) throws {
        if extents.contains(0) { return }
        let memory = try memory(name, extents, element)
        var offset = 0
        for part in parts {
            part.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: memory[offset...]).copyMemory(from: $0) }
            offset += part.count * MemoryLayout<Number>.stride
        }
    }

    /// The memory of an input, which is allocated again if its extents change.
    private func memory(_ name: String, _ extents: [Int], _ element: Int32) throws -> UnsafeMutableRawBufferPointer {
        if let before = kept[name], before.extents == extents { return before.memory }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * extents.reduce(1, *), alignment: 64)
        let wide = extents.map { Int64($0) }
        guard
            let pointer = edge_onnx_value(runtime.pointer, memory.baseAddress, memory.count, element, wide, wide.count)
        else {
            memory.deallocate()
            throw EdgeError("ONNX Runtime takes no \(name) of \(extents)")
        }
        let before = kept[name]?.memory
        kept[name] = Kept(memory: memory, extents: extents, value: ONNXValue(pointer, runtime))
        before?.deallocate()
        return memory
    }
}
