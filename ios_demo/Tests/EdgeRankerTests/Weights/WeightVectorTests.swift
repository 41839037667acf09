import XCTest

@testable import EdgeRanker

private func vectors(_ name: String) throws -> [Vector] { Vector(try json("edge/bundle/weights/\(name)")).list }

private func unpacked(_ vector: Vector) throws -> PackedWeights {
    try PackedWeights(reading: try XCTUnwrap(bytes(ofHex: vector["packed"].text.bytes)))
}

final class WeightVectorTests: XCTestCase {
    func testEveryPackedFileGivesItsTensorsToTheBit() throws {
        for vector in try vectors("vectors.json") {
            let weights = try unpacked(vector)
            let expected = vector.has("tensors") ? vector["tensors"].members : vector["sha256"].members
            XCTAssertEqual(Set(weights.tensors.map(\.name)), Set(expected.map(\.key)), "\(vector["name"])")
            for (name, value) in expected {
                let tensor = try XCTUnwrap(weights[name])
                if case .text(let digest) = value.value {
                    XCTAssertEqual(try digestOf(tensor), digest.description, "\(vector["name"]): \(name)")
                } else {
                    XCTAssertEqual(bits(tensor), bits(flat(value), tensor), "\(vector["name"]): \(name)")
                }
            }
        }
    }

    func testEveryDamagedFileIsRefused() throws {
        for vector in try vectors("damaged.json") { _ = refusal("\(vector["name"])") { _ = try unpacked(vector) } }
    }

    func testEveryTruncationOfAFileIsRefused() throws {
        let packed = try XCTUnwrap(bytes(ofHex: try vectors("vectors.json")[1]["packed"].text.bytes))
        for size in stride(from: 0, to: packed.count, by: 7) {
            _ = refusal("\(size) bytes") { _ = try PackedWeights(reading: Array(packed[..<size])) }
        }
    }

    func testEveryFormOfATensorHasItsBytes() throws {
        for vector in try vectors("holes.json") {
            let shape = vector["shape"].list.map(\.int)
            let isInteger = vector["kind"].text == "int8"
            let values: Tensor.Values = isInteger
                ? .integers(flat(vector["values"]).map { Int8($0.int) })
                : .floats(flat(vector["bits"]).map { Float(bitPattern: UInt32($0.text.description, radix: 16) ?? 0) })
            let tensor = Tensor(name: "t", shape: shape, values: values)
            for (form, expected) in vector["forms"].members {
                let form = try XCTUnwrap(Form(rawValue: form.description))
                XCTAssertEqual(hex(try bytes(of: tensor, in: form)), expected.text.description, "\(vector["name"]) \(form)")
            }
            _ = refusal("another form") { _ = try bytes(of: tensor, in: isInteger ? .float32 : .rows) }
        }
    }

    func testEveryFloat16IsItsOwnNearest() {
        for half in UInt16.min...UInt16.max {
            let value = float(ofHalf: half)
            if !value.isNaN { XCTAssertEqual(halfBits(value), half) }
        }
        XCTAssertEqual(float(ofHalf: 0x3C00), 1)
        XCTAssertEqual(float(ofHalf: 0xC000), -2)
    }

    func testHolesThatDoNotFitAreRefused() throws {
        XCTAssertEqual(try filled(7, Hole(offset: 1, tensor: "w", form: .rows)), [9, 1, 2, 3, 4, 9, 9])
        let bad = [
            Hole(offset: 4, tensor: "w", form: .rows), Hole(offset: 1, tensor: "x", form: .rows),
            Hole(offset: 1, tensor: "w", form: .float32),
        ]
        for hole in bad { _ = refusal("\(hole)") { _ = try filled(7, hole) } }
        let first = Hole(offset: 1, tensor: "w", form: .rows)
        _ = refusal("overlap") { _ = try filled(11, first, Hole(offset: 3, tensor: "w", form: .rows)) }
        _ = refusal("larger") { _ = try filled(8, first) }
        _ = refusal("smaller") { _ = try filled(6, first) }
        let bomb = (0..<9).map { Hole(offset: 1 + 4 * $0, tensor: "w", form: .rows) }
        _ = refusal("a bomb") { try fill([9, 9, 9], bomb, weights, size: 39) { _ in } }
    }

    private let weights = PackedWeights([Tensor(name: "w", shape: [2, 2], values: .integers([1, 2, 3, 4]))])

    private func filled(_ size: Int, _ holes: Hole...) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try fill([9, 9, 9], holes, weights, size: size) { bytes.append(contentsOf: $0) }
        return bytes
    }

    private func bits(_ tensor: Tensor) -> [UInt32] {
        switch tensor.values {
        case .integers(let values): values.map { UInt32(bitPattern: Int32($0)) }
        case .floats(let values): values.map(\.bitPattern)
        }
    }

    private func bits(_ values: [Vector], _ like: Tensor) -> [UInt32] {
        values.map { like.floats == nil ? UInt32(bitPattern: Int32($0.int)) : Float($0.double).bitPattern }
    }

    private func flat(_ value: Vector) -> [Vector] {
        if case .list = value.value { return value.list.flatMap(flat) }
        return [value]
    }
}

/// Of a tensor's bytes, little-endian, as hex digits.
func digestOf(_ tensor: Tensor) throws -> String {
    hex(sha256(try bytes(of: tensor, in: tensor.floats == nil ? .rows : .float32)))
}
