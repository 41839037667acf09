import Foundation
import XCTest

@testable import EdgeRanker

/// The repository, whose specifications' vectors the tests read.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

func file(_ path: String) throws -> [UInt8] { try Array(Data(contentsOf: repository.appendingPathComponent(path))) }

func json(_ path: String) throws -> JsonValue { try JsonReader.read(file(path)) }

/// A vector, or an object in one. What a test reads of it is there, or the test ends with what is missing.
struct Vector: CustomStringConvertible {
    let value: JsonValue

    init(_ value: JsonValue) { self.value = value }

    subscript(key: ByteText) -> Vector {
        guard case .object(let object) = value, let member = object[key] else { fatalError("no \(key) in \(self)") }
        return Vector(member)
    }

    func has(_ key: ByteText) -> Bool {
        if case .object(let object) = value { return object[key] != nil }
        return false
    }

    var isNull: Bool { value == .null }

    var text: ByteText {
        guard case .text(let text) = value else { fatalError("no text: \(self)") }
        return text
    }

    var flag: Bool { value == .flag(true) }

    var double: Double {
        guard let double = value.double else { fatalError("no number: \(self)") }
        return double
    }

    var int: Int { Int(double) }

    var list: [Vector] {
        guard case .list(let list) = value else { fatalError("no list: \(self)") }
        return list.map(Vector.init)
    }

    var members: [(key: ByteText, value: Vector)] {
        guard case .object(let object) = value else { fatalError("no object: \(self)") }
        return zip(object.keys, object.values).map { ($0, Vector($1)) }
    }

    var description: String { writeJson(value) }
}

/// The vectors of a kind, of a file with one JSON object a line.
func vectors(_ path: String, kind: ByteText) throws -> [Vector] {
    let lines = try file(path).split(separator: 0x0A).map { Vector(try JsonReader.read(Array($0))) }
    let vectors = lines.filter { $0["kind"].text == kind }
    XCTAssertFalse(vectors.isEmpty, "no vectors of \(kind)")
    return vectors
}

/// The cases of a kind that tests/android_demo/plan_cases.py drew with what Python does, where EDGE_PLANS names their file.
func drawnPlans(kind: ByteText) throws -> [Vector] {
    guard let path = ProcessInfo.processInfo.environment["EDGE_PLANS"] else { return [] }
    let lines = try Array(Data(contentsOf: URL(fileURLWithPath: path))).split(separator: 0x0A)
    let marked = lines.filter { $0.starts(with: Array("{\"kind\": \"\(kind)\"".utf8)) }
    XCTAssertFalse(marked.isEmpty, "no drawn cases of \(kind)")
    return try marked.map { Vector(try JsonReader.read(Array($0))) }
}

/// The text of the refusal. Anything but an `EdgeError` fails.
func refusal(_ what: String, _ action: () throws -> Void) -> String {
    do {
        try action()
        XCTFail("accepted: \(what)")
    } catch let error as EdgeError {
        return error.description
    } catch {
        XCTFail("\(error) of \(what)")
    }
    return ""
}

/// Fails unless an action that waits is refused by an `EdgeError` with a part of its text.
func assertRefused(_ part: String, _ action: () async throws -> Void) async {
    do {
        try await action()
        XCTFail("accepted: \(part)")
    } catch {
        XCTAssert(error is EdgeError && "\(error)".contains(part), "\(part): \(error)")
    }
}
