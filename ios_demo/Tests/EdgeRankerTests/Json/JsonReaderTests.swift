import XCTest

@testable import EdgeRanker

final class JsonReaderTests: XCTestCase {
    func testValuesKeepTheirKinds() throws {
        let text = #"{"a": [1, -0, 2.0, 1e3, true, false, null, "\u00e9\n\ud83d\ude00"], "b": {}}"#
        let list: [JsonValue] = [
            .integer(1), .integer(0), .number(2), .number(1000), .flag(true), .flag(false), .null, .text("é\n😀"),
        ]
        let value = try JsonReader.readStrictly(Array(text.utf8))
        guard case .object(let object) = value else { return XCTFail("no object") }
        XCTAssertEqual(object.keys, ["a", "b"])
        XCTAssertEqual(object["a"], .list(list))
        XCTAssertEqual(object["b"], .object(JsonObject()))
    }

    func testIntegerBeyond64BitsIsADouble() throws {
        XCTAssertEqual(try read("1" + String(repeating: "0", count: 25)), .number(1e25))
        XCTAssertEqual(try read(String(repeating: "9", count: 5_000)), .number(.infinity))
        XCTAssertEqual(try read("9223372036854775807"), .integer(.max))
        XCTAssertEqual(try read("9223372036854775808"), .number(9_223_372_036_854_775_808))
    }

    func testWhatIsNoJsonIsRefused() {
        let bad = [
            "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "+1", "1e", "--1", "tru", "nul", "'a'", "[1] 2",
            "\"a", "\"\\x\"", "\"\\u12\"", "\"\t\"", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "\u{FEFF}1", "-", "1 1", "[1 2]",
            "\u{A0}1", "\"\\", "-Inf", "1e+", "{\"a\":}", "[", "{\"a\"",
        ]
        for text in bad { XCTAssertThrowsError(try read(text), text) { XCTAssert($0 is JsonError) } }
    }

    func testDeepNestingIsRefusedAndNotAStackOverflow() {
        for text in ["[", "{\"a\":"] {
            XCTAssertThrowsError(try read(String(repeating: text, count: 1_000_000))) { XCTAssert($0 is JsonError) }
        }
    }

    func testKeyIsComparedAfterItsEscapesAndByCodePoints() throws {
        XCTAssertThrowsError(try read(#"{"a": 1, "\u0061": 1}"#))
        // Canonically equivalent, which Swift's String would take for the same key.
        XCTAssertNoThrow(try read(#"{"\u00e9": 1, "e\u0301": 1}"#))
    }

    func testStrictReadingRefusesWhatARequestNamesByItsPath() throws {
        let texts = ["NaN", "Infinity", "-Infinity", "1e999", #""\ud800""#, #"{"\udfff": 1}"#, #""\ud800\u0041""#]
        for text in texts + [String(repeating: "9", count: 400)] {
            XCTAssertNoThrow(try read(text), text)
            XCTAssertThrowsError(try JsonReader.readStrictly(Array(text.utf8)), text) { XCTAssert($0 is JsonError) }
        }
    }

    func testBytesThatAreNotUtf8AreRefused() {
        let bad: [[UInt8]] = [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE0, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xC3], [0xE2, 0x82], [0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x28, 0xA1],
        ]
        for bytes in bad {
            XCTAssertThrowsError(try JsonReader.read([0x22] + bytes + [0x22]), "\(bytes)") { XCTAssert($0 is JsonError) }
        }
        for text in ["\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}", "\u{D7FF}", "\u{E000}"] {
            XCTAssertNoThrow(try checkUtf8(Array(text.utf8)))
        }
    }

    func testWhatIsWrittenIsReadBack() throws {
        var object = JsonObject()
        let list: [JsonValue] = [.integer(1), .number(0.1), .null, .flag(true), .number(1e15), .number(Double.leastNonzeroMagnitude)]
        XCTAssert(object.add("a\"\\\u{E9}😀\n", .list(list)))
        XCTAssert(object.add("b", .number(24)))
        let text = writeJson(.object(object))
        XCTAssert(text.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        XCTAssertEqual(try JsonReader.readStrictly(Array(text.utf8)), .object(object))
    }

    private func read(_ text: String) throws -> JsonValue { try JsonReader.read(Array(text.utf8)) }
}
