private let magic = Array("EDGEWTS2".utf8)
private let mostTensors = 200
private let valuesBefore: Int64 = 65_536
private let valuesPerByte: Int64 = 32
private let symbolsPerLane: Int64 = 8_192
private let possibleLanes: [Int64] = [16, 32, 64, 128, 256]

/// The header of a `weights.bin` (FORMAT.md, "The file"); `end` is where it ends.
struct WeightsHeader {
    let lanes: Int
    let tensors: [TensorHeader]
    let end: Int

    /// Errors: another version, a header that is damaged or declares more than such a file can hold.
    init(_ data: [UInt8]) throws {
        if data.count < 12 || data[..<8] != magic[...] { throw EdgeError("these are no packed weights") }
        let length = Int(littleEndian(data, 8))
        if length > data.count - 12 { throw damagedHeader("its length") }
        end = 12 + length
        let header = try Self.json(data[12..<end])
        guard case .integer(let lanes) = header["lanes"] else { throw damagedHeader("lanes") }
        guard case .list(let listed) = header["tensors"], header.keys.count == 2 else { throw damagedHeader("its keys") }
        if listed.count > mostTensors {
            throw EdgeError("the packed weights declare \(listed.count) tensors, \(mostTensors) at most")
        }
        tensors = try Self.checked(listed)
        let symbols = tensors.reduce(0) { $0 + $1.symbols }
        let most = possibleLanes.last { $0 == possibleLanes[0] || $0 * symbolsPerLane <= symbols }
        if lanes != most { throw damagedHeader("\(lanes) lanes") }
        self.lanes = Int(lanes)
        let values = tensors.reduce(0) { $0 + $1.count }
        if values > min(mostValues, valuesBefore + valuesPerByte * Int64(data.count)) {
            throw EdgeError("the packed weights declare \(values) values in \(data.count) bytes: refused as a bomb")
        }
    }

    private static func json(_ bytes: ArraySlice<UInt8>) throws -> JsonObject {
        if bytes.contains(where: { $0 >= 0x80 }) { throw damagedHeader("it is not ASCII") }
        do {
            if case .object(let header) = try JsonReader.readStrictly(Array(bytes)) { return header }
            throw damagedHeader("it is no object")
        } catch let error as JsonError {
            throw damagedHeader(error.reason)
        }
    }

    private static func checked(_ listed: [JsonValue]) throws -> [TensorHeader] {
        var known: [ByteText: TensorHeader] = [:]
        return try listed.map { value in
            let tensor = try TensorHeader(value)
            if !tensor.isSound(after: known) { throw damagedHeader("tensor '\(shown(tensor.name))'") }
            known[tensor.name] = tensor
            return tensor
        }
    }
}
