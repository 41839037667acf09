import Foundation
import XCTest

@testable import EdgeRanker

final class InstallationTests: XCTestCase {
    private let cache = Folder(NSTemporaryDirectory() + "edge-\(UUID().uuidString)/a/b")

    override func tearDown() { try? cache.remove() }

    func testInstallationHasEveryFileButTheWeightsWithHolesFilledAndNoOther() throws {
        let bundle = try bundle("holes")
        let folder = try install(bundle)
        XCTAssertEqual(folder.path, cache.path(bundle.sha256))
        let files = try XCTUnwrap(FileManager.default.subpaths(atPath: folder.path)).filter { folder.size($0) != nil }
        XCTAssertEqual(Set(files), ["manifest.json", "text.json", "vocab.txt", "golden.jsonl", "models/onnx/x"])
        for path in files where path != "manifest.json" { XCTAssertEqual(folder.read(path), try bundle.files([path])[0], path) }
    }

    func testInstallationIsUsedAgainAndMadeAgainIfAByteOfItChanged() throws {
        let bundle = try bundle("plain")
        let folder = try install(bundle)
        try folder.replace("cache-of-an-engine", with: [1])
        XCTAssertNotNil(try install(bundle).read("cache-of-an-engine"))
        let model = try XCTUnwrap(folder.read("models/onnx/x"))
        try folder.replace("models/onnx/x", with: model.dropLast() + [0])
        XCTAssertEqual(try install(bundle).read("models/onnx/x"), model)
        XCTAssertNil(folder.read("cache-of-an-engine"))
        try folder.removeFile("vocab.txt")
        XCTAssertNotNil(try install(bundle).read("vocab.txt"))
    }

    func testBundleBeforeStaysAndOlderOnesAndWhatKilledInstallersLeftAreRemoved() throws {
        try cache.folder("0123.partial/half").make()
        try cache.folder("photos.partial").sibling("s").make()
        let folders = try ["plain", "calibrated", "holes"].map { try install(bundle($0)) }
        XCTAssertEqual(Set(cache.names), Set([".lock", "photos.partials"] + folders[1...].map(\.name)))
        try folders[2].write("summaries.bin.0.partial") { try $0([1]) }
        let again = try install(bundle("plain"))
        XCTAssertEqual(Set(cache.names), [".lock", "photos.partials", folders[2].name, again.name])
        XCTAssertNotNil(folders[2].read("summaries.bin.0.partial"))
        XCTAssertNil(try install(bundle("holes")).read("summaries.bin.0.partial"))
    }

    func testFolderThatAnotherRuntimeHoldsIsNotRemoved() throws {
        let folders = try ["plain", "holes"].map { try install(bundle($0)) }
        let held = open(folders[0].path, O_RDONLY | O_DIRECTORY)
        XCTAssertEqual(flock(held, LOCK_SH), 0)
        let third = try install(bundle("calibrated"))
        XCTAssertEqual(Set(cache.names), Set([".lock", third.name] + folders.map(\.name)))
        close(held)
        _ = try install(bundle("calibrated"))
        XCTAssertEqual(Set(cache.names), [".lock", third.name, folders[1].name])
    }

    func testReplacedBundlesGoAndThoseOfAnotherNameStay() throws {
        let (old, new) = (try install(bundle("plain")), try bundle("holes"))
        let folder = try install(new)
        let manifest = try XCTUnwrap(old.read("manifest.json"))
        let name = String(decoding: manifest, as: UTF8.self).replacingOccurrences(of: "\"\(new.manifest.name)\"", with: "\"other\"")
        try old.replace("manifest.json", with: Array(name.utf8))
        removeReplaced(by: new, in: cache)
        XCTAssert(old.isThere && folder.isThere)
        try old.replace("manifest.json", with: manifest)
        removeReplaced(by: new, in: cache)
        XCTAssertEqual(Set(cache.names), [".lock", folder.name])
    }

    func testFilesAreForTheirOwnerAlone() throws {
        let folder = try install(bundle("plain"))
        for path in [folder.path, cache.path(".lock"), folder.path("models/onnx/x")] {
            XCTAssertEqual(try XCTUnwrap(status(path)).st_mode & 0o077, 0, path)
        }
    }

    private func install(_ bundle: EdgeBundle) throws -> Folder { try locking(cache) { try installed(bundle, in: cache) } }

    private func bundle(_ name: String) throws -> EdgeBundle { try EdgeBundle(.buffer(file("edge/bundle/vectors/\(name).edge"))) }
}
