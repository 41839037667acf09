import Foundation
import XCTest

@testable import EdgeRanker

/// With EDGE_LOCALE, the tests of its process run under that locale; without it, under C.
final class LocaleTests: XCTestCase {
    override class func setUp() {
        super.setUp()
        if let locale = ProcessInfo.processInfo.environment["EDGE_LOCALE"] { setlocale(LC_ALL, locale) }
    }

    func testLocaleThatIsAskedForIsSet() throws {
        let locale = ProcessInfo.processInfo.environment["EDGE_LOCALE"]
        try XCTSkipIf(locale == nil, "EDGE_LOCALE names no locale")
        XCTAssertEqual(setlocale(LC_ALL, nil).map { String(cString: $0) }, locale)
    }

    func testDecimalsAreReadAndWrittenWithAPoint() throws {
        XCTAssertEqual(try JsonReader.read(Array("1234.5".utf8)), .number(1234.5))
        XCTAssertEqual(writeJson(.number(1234.5)), "1234.5")
        XCTAssertEqual(try Template("{x} {y}", name: "t").render(Attributes(["x": 1234.5, "y": 0.07])), "1234.5 0.07")
    }

    func testDotlessLettersAreNotTurkish() throws {
        let normalizer = try Normalizer(lowercase: true)
        XCTAssertEqual(ByteText(normalizer.normalize(Array("TITLE İı".utf8))), "title iı")
    }
}
