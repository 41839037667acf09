import XCTest

@testable import EdgeRanker

private func vectors(kind: ByteText) throws -> [Vector] {
    try EdgeRankerTests.vectors("edge/text/vectors.jsonl", kind: kind)
}

final class TextVectorTests: XCTestCase {
    func testEveryTextIsNormalisedAlsoWithHalvesOfPairs() throws {
        for vector in try vectors(kind: "normalize") {
            let normalizer = try Normalizer(lowercase: vector["lowercase"].flag)
            XCTAssertEqual(ByteText(normalizer.normalize(vector["text"].text.bytes)), vector["expect"].text, "\(vector)")
        }
    }

    func testEveryTextIsSplitIntoWords() throws {
        let normalizer = try Normalizer(lowercase: true)
        for vector in try vectors(kind: "words") {
            let words = normalizer.words(vector["text"].text.bytes).map { ByteText($0) }
            XCTAssertEqual(words, vector["expect"].list.map(\.text), "\(vector)")
        }
    }

    func testEveryCodePointIsNormalisedAndSplit() throws {
        for vector in try vectors(kind: "every_code_point") {
            let separator = vector["separator"].text.bytes
            var text: [UInt8] = []
            for range in vector["ranges"].list {
                for point in UInt32(range.list[0].int)...UInt32(range.list[1].int) {
                    if !text.isEmpty { text.append(contentsOf: separator) }
                    append(point, to: &text)
                }
            }
            let normalizer = try Normalizer(lowercase: vector["lowercase"].flag)
            let normalized = normalizer.normalize(text)
            XCTAssertEqual(hex(sha256(normalized)), vector["normalized_sha256"].text.description)
            let words = Array(normalizer.words(normalized).joined(separator: [0x0A]))
            XCTAssertEqual(hex(sha256(words)), vector["words_sha256"].text.description)
        }
    }

    func testEveryTextBecomesItsIdsAlsoFromTheCache() throws {
        let vocabularies = try vocabularies()
        for vector in try vectors(kind: "encode") {
            let tokens = vocabularies[vector["vocabulary"].text] ?? []
            let encoder = try TextEncoder(WordPiece(tokens), lowercase: vector["lowercase"].flag)
            let expect = vector["expect"].list.map { Int32($0.int) }
            for _ in 0..<2 { XCTAssertEqual(encoder.encode(vector["text"].text), expect, "\(vector)") }
        }
    }

    func testEveryBadTemplateIsRefusedAtItsColumn() throws {
        for vector in try vectors(kind: "parse") {
            let message = refusal("\(vector)") { _ = try Template(vector["template"].text, name: "t") }
            XCTAssert(message.contains("column \(vector["error"]["column"].int):"), "\(vector): \(message)")
        }
    }

    func testEveryTemplateIsRenderedOrRefusedAtItsColumn() throws {
        for vector in try vectors(kind: "render") {
            let template = try Template(vector["template"].text, name: "t")
            let scope = try attributes(vector["scope"])
            if vector.has("error") {
                let message = refusal("\(vector)") { _ = try template.render(scope) }
                XCTAssert(message.contains("column \(vector["error"]["column"].int):"), "\(vector): \(message)")
            } else {
                XCTAssertEqual(try template.render(scope), vector["expect"].text, "\(vector)")
            }
        }
    }

    func testEveryLogarithmIsTheSameToTheBit() throws {
        for vector in try vectors(kind: "log1p") {
            let found = logOf1Plus(vector["value"].double)
            XCTAssertEqual(found.bitPattern, vector["expect"].double.bitPattern, "\(vector)")
        }
    }

    func testEveryNumberOfARequestIsTheSameToTheBit() throws {
        for vector in try vectors(kind: "numbers") {
            let specs = try vector["numbers"].list.map { try numberSpec($0.value, "numbers") }
            let request = try request(of: vector["request"].value)
            if vector.has("error") {
                let message = refusal("\(vector)") { _ = try numbers(specs, request) }
                XCTAssert(message.contains(vector["error"]["path"].text.description), "\(vector): \(message)")
            } else {
                let (events, candidates) = try numbers(specs, request)
                XCTAssertEqual(bits(events), bits(vector["events"]), "\(vector)")
                XCTAssertEqual(bits(candidates), bits(vector["candidates"]), "\(vector)")
            }
        }
    }

    func testEveryBadNumberIsRefused() throws {
        for vector in try vectors(kind: "number") {
            _ = refusal("\(vector)") { _ = try numberSpec(vector["number"].value, "number") }
        }
    }

    func testEverySpecificationIsReadOrRefused() throws {
        for vector in try vectors(kind: "spec") {
            let bytes = vector["json"].text.bytes
            if vector.has("error") {
                let message = refusal("\(vector)") { _ = try TextSpec(reading: bytes) }
                XCTAssert(message.contains(vector["error"]["path"].text.description), "\(vector): \(message)")
            } else {
                try check(try TextSpec(reading: bytes), vector["expect"])
            }
        }
    }

    func testEveryRequestIsReadOrRefused() throws {
        for vector in try vectors(kind: "request") {
            let json = vector["json"].text.bytes
            if vector.has("error") {
                let message = refusal("\(vector)") { _ = try parseRequest(json) }
                XCTAssert(message.contains(vector["error"]["path"].text.description), "\(vector): \(message)")
            } else {
                XCTAssertEqual(try parseRequest(json), try request(of: vector["expect"].value), "\(vector)")
            }
        }
    }

    func testEveryRequestBecomesTheSegmentsOfTheFullModel() throws {
        let vocabularies = try vocabularies()
        for vector in try vectors(kind: "segments") {
            let spec = try TextSpec(reading: Array(writeJson(vector["spec"].value).utf8))
            let encoder = try TextEncoder(WordPiece(vocabularies[vector["vocabulary"].text] ?? []), lowercase: spec.lowercase)
            let request = try request(of: vector["request"].value)
            let expect = vector["expect"]
            let found = try Segments(request, spec, encoder)
            XCTAssertEqual(try spec.profileTemplate.render(request.user.attributes), expect["profile_text"].text)
            XCTAssertEqual(try request.events.map { try eventText($0, spec) }, expect["event_texts"].list.map(\.text))
            let candidates = try request.candidates.map { try candidateText($0, spec) }
            XCTAssertEqual(candidates, expect["candidate_texts"].list.map(\.text))
            XCTAssertEqual(found.user, rows(expect["user"]))
            XCTAssertEqual(found.slots, expect["slots"].list.map(\.int))
            XCTAssertEqual(found.candidates, rows(expect["candidates"]))
        }
    }

    private func vocabularies() throws -> [ByteText: [ByteText]] {
        let named = try vectors(kind: "vocabulary").map { ($0["name"].text, $0["tokens"].list.map(\.text)) }
        return Dictionary(uniqueKeysWithValues: named)
    }

    private func attributes(_ scope: Vector) throws -> Attributes {
        let text = "{\"user\": \(scope), \"candidates\": [{\"id\": \"1\"}]}"
        return try unchecked(JsonReader.read(Array(text.utf8)))
    }

    /// A scope may hold what no request may, such as an infinity.
    private func unchecked(_ value: JsonValue) -> Attributes {
        var attributes = Attributes()
        for (key, value) in Vector(value)["user"].members {
            switch value.value {
            case .null, .object: attributes.add(key, .nothing)
            case .flag(let flag): attributes.add(key, Attribute(flag))
            case .integer, .number: attributes.add(key, Attribute(value.double))
            case .text(let text): attributes.add(key, Attribute(.text(text)))
            case .list: attributes.add(key, Attribute(.list(value.list.map(\.text))))
            }
        }
        return attributes
    }

    private func numbers(_ specs: [NumberSpec], _ request: Request) throws -> (events: [[Float]], candidates: [[Float]]) {
        var numbers = try UserNumbers(specs, request.user)
        let events = try request.events.enumerated().map { try numbers.add($0.element, "events[\($0.offset)]") }
        let candidates = try numbers.of(request.candidates, request.time)
        return (events, request.candidates.indices.map { Array(candidates[$0]) })
    }

    private func bits(_ rows: [[Float]]) -> [[UInt32?]] { rows.map { $0.map { $0.isNaN ? nil : $0.bitPattern } } }

    private func bits(_ rows: Vector) -> [[UInt32?]] {
        rows.list.map { $0.list.map { $0.isNull ? nil : Float($0.double).bitPattern } }
    }

    private func rows(_ rows: Vector) -> [[Int32]] { rows.list.map { $0.list.map { Int32($0.int) } } }

    private func check(_ spec: TextSpec, _ expect: Vector) throws {
        XCTAssertEqual(spec.profile, expect["profile"].text)
        XCTAssertEqual(spec.item, expect["item"].text)
        XCTAssertEqual(spec.event, expect["event"].text)
        XCTAssertEqual(spec.context, expect["context"].text)
        XCTAssertEqual(spec.numbers, try expect["numbers"].list.map { try numberSpec($0.value, "numbers") })
        XCTAssertEqual(spec.maxEvents, expect["max_events"].int)
        XCTAssertEqual(spec.maxSegmentTokens, expect["max_segment_tokens"].int)
        XCTAssertEqual(spec.maxUserTokens, expect["max_user_tokens"].int)
        XCTAssertEqual(spec.lowercase, expect["lowercase"].flag)
        XCTAssertEqual(textSchema, expect["schema"].text)
    }
}
