import Foundation
import XCTest

@testable import EdgeRanker

private let ownWeights = String(repeating: "a", count: 64)

final class SummaryFileTests: XCTestCase {
    private let folder = Folder(NSTemporaryDirectory() + "edge-\(UUID().uuidString)")

    override func setUpWithError() throws { try folder.make() }

    override func tearDown() { try? folder.remove() }

    func testWhatIsSavedIsReadInTheOrderOfItsUseAndProfilesAreLeftOut() throws {
        var cache = SummaryCache(hidden: 8, budget: 1_000)
        for token in 0..<4 { _ = cache.write(key(token), summary(token)) }
        _ = cache.write(key(0), summary(0))
        var file = try newFile()
        file.leaveOut([2, 1])
        file.save(cache)
        XCTAssertEqual(folder.names, ["summaries.bin"])
        var next = SummaryCache(hidden: 8, budget: 1_000)
        var reader = try newFile()
        reader.load(into: &next)
        XCTAssertEqual(next.keys, [1, 3, 0].map(key))
        XCTAssertEqual(next.entries.map { $0.halves.map { float(ofHalf: $0) } }, [1, 3, 0].map(summary))
        let modified = status(folder.path("summaries.bin"))?.st_ino
        reader.save(next)
        XCTAssertEqual(status(folder.path("summaries.bin"))?.st_ino, modified, "nothing was new")
        _ = next.write(key(9), summary(9))
        reader.save(next)
        XCTAssertNotEqual(status(folder.path("summaries.bin"))?.st_ino, modified)
        try reader.remove()
        XCTAssertEqual(folder.names, [])
        XCTAssertNoThrow(try reader.remove())
    }

    func testFileThatIsDamagedInAnyByteOrOfOtherWeightsIsIgnored() throws {
        var cache = SummaryCache(hidden: 8, budget: 1_000)
        for token in 0..<3 { _ = cache.write(key(token), summary(token)) }
        var file = try newFile()
        file.save(cache)
        let good = try XCTUnwrap(folder.read("summaries.bin"))
        XCTAssertEqual(try loaded(), 3)
        for index in good.indices {
            var bytes = good
            bytes[index] ^= 1
            try folder.replace("summaries.bin", with: bytes)
            XCTAssertEqual(try loaded(), 0, "byte \(index)")
        }
        for bytes in [[], Array(good.dropLast()), good + [0], Array(good[..<40])] {
            try folder.replace("summaries.bin", with: bytes)
            XCTAssertEqual(try loaded(), 0)
        }
        // A file that says of itself that it is whole, and is not.
        for (index, value) in [(32 + 20 + 64, 9), (32 + 20 + 64 + 4, 4), (32 + 20 + 64 + 12, 200), (good.count - 1, 0x7C)] {
            var content = Array(good[32...])
            content[index - 32] = UInt8(value)
            try folder.replace("summaries.bin", with: sha256(content) + content)
            XCTAssertEqual(try loaded(), 0, "number at \(index)")
        }
        try folder.replace("summaries.bin", with: good)
        XCTAssertEqual(try loaded(String(repeating: "b", count: 64)), 0, "other weights")
    }

    func testFileThatCannotBeWrittenIsNone() throws {
        var cache = SummaryCache(hidden: 8, budget: 1_000)
        _ = cache.write(key(1), summary(1))
        try folder.remove()
        var file = try newFile()
        file.save(cache)
        XCTAssertFalse(folder.isThere)
    }

    private func loaded(_ weights: String = ownWeights) throws -> Int {
        var cache = SummaryCache(hidden: 8, budget: 1_000)
        var file = try newFile(weights)
        file.load(into: &cache)
        return cache.keys.count
    }

    private func newFile(_ weights: String = ownWeights) throws -> SummaryFile {
        try XCTUnwrap(SummaryFile(weights: weights, hidden: 8, in: folder))
    }

    private func key(_ token: Int) -> SummaryKey { SummaryKey(depth: 1, tokens: [Int32(token), 1]) }

    private func summary(_ token: Int) -> [Float] { (0..<8).map { Float($0 + token) / 4 } }
}
