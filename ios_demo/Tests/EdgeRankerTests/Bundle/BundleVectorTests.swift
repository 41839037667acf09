import Foundation
import XCTest

@testable import EdgeRanker

private func vectorPath(_ name: String) -> String { repository.appendingPathComponent("edge/bundle/vectors/\(name)").path }

final class BundleVectorTests: XCTestCase {
    func testEveryBundleIsAcceptedOrRefusedAtItsStepOrAnEarlierOne() throws {
        let steps = ["read", "open", "replay"]
        for entry in Vector(try json("edge/bundle/vectors/index.json")).list {
            let file = entry["file"].text.description
            let key = entry.has("public_key") ? try publicKey(entry["public_key"].text) : nil
            let refused = stepThatRefuses(.file(vectorPath(file)), key)
            if entry["verdict"].text == "accept" {
                XCTAssertNil(refused, file)
            } else {
                let last = try XCTUnwrap(steps.firstIndex(of: entry["step"].text.description))
                let found = refused.flatMap { steps.firstIndex(of: $0) } ?? steps.count
                XCTAssertLessThanOrEqual(found, last, "\(file) must be refused at \(entry["step"].text)")
            }
        }
    }

    private func stepThatRefuses(_ source: Source, _ key: PublicKey?) -> String? {
        var step = "read"
        do {
            let bundle = try EdgeBundle(source, publicKey: key)
            step = "open"
            let texts = try bundle.texts()
            step = "replay"
            try Golden(bundle.manifest, bundle.files(["golden.jsonl"])[0], texts).replayTexts()
        } catch {
            XCTAssert(error is EdgeError, "\(error)")
            return step
        }
        return nil
    }

    func testBundleInsideAnotherFileAndABufferReadAsTheFileItself() throws {
        let bytes = try file("edge/bundle/vectors/signed.edge")
        let whole = NSTemporaryDirectory() + "edge-\(UUID().uuidString).app"
        try Data([80, 75] + bytes + [75, 80, 80]).write(to: URL(fileURLWithPath: whole))
        defer { unlink(whole) }
        let descriptor = open(whole, O_RDONLY)
        defer { close(descriptor) }
        let part = Source.descriptor(descriptor, offset: 2, length: bytes.count)
        XCTAssertEqual(try EdgeBundle(part).sha256, hex(sha256(bytes)))
        for length in [bytes.count - 1, bytes.count + 1, bytes.count + 4, -1] {
            _ = refusal("\(length) bytes") {
                _ = try EdgeBundle(.descriptor(descriptor, offset: 2, length: length))
            }
        }
        XCTAssert(try EdgeBundle(.buffer(bytes)).isSigned)
    }

    func testWhatIsNoRegularFileIsRefused() throws {
        for path in [NSTemporaryDirectory(), "/dev/null", "/nowhere.edge", ""] {
            _ = refusal(path) { _ = try EdgeBundle(.file(path)) }
        }
    }

    func testEveryFlippedByteOfABundleIsRefused() throws {
        let bytes = try file("edge/bundle/vectors/plain.edge")
        for index in stride(from: 0, to: bytes.count, by: 13) {
            var altered = bytes
            altered[index] ^= 1
            _ = refusal("byte \(index)") { _ = try EdgeBundle(.buffer(altered)) }
        }
    }

    func testBundleThatIsReplacedAfterItWasOpenedIsRefused() throws {
        let path = NSTemporaryDirectory() + "edge-\(UUID().uuidString).edge"
        defer { unlink(path) }
        try Data(try file("edge/bundle/vectors/plain.edge")).write(to: URL(fileURLWithPath: path))
        let bundle = try EdgeBundle(.file(path))
        try Data(try file("edge/bundle/vectors/calibrated.edge")).write(to: URL(fileURLWithPath: path))
        XCTAssert(refusal("replaced") { _ = try bundle.texts() }.contains("replaced"))
    }

    func testPublicKeyIsReadFromItsPemFile() throws {
        let encoded = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
        let info = try XCTUnwrap(bytes(ofHex: ("302a300506032b6570032100" + encoded).utf8))
        let base64 = Data(info).base64EncodedString()
        let pem = "-----BEGIN PUBLIC KEY-----\n\(base64)\n-----END PUBLIC KEY-----\n"
        let signed = Source.file(vectorPath("signed.edge"))
        XCTAssertNoThrow(try EdgeBundle(signed, publicKey: PublicKey(pem: pem)))
        XCTAssertNoThrow(try EdgeBundle(signed, publicKey: PublicKey(pem: pem.replacingOccurrences(of: "\n", with: "\r\n"))))
        _ = refusal("no PEM") { _ = try PublicKey(pem: base64) }
        _ = refusal("another algorithm") { _ = try PublicKey(pem: pem.replacingOccurrences(of: "MCow", with: "MCox")) }
        _ = refusal("31 bytes") { _ = try PublicKey(bytes: Array(repeating: 1, count: 31)) }
    }

    func testKeyThatEncodesNoPointAcceptsNothing() throws {
        let none = try PublicKey(bytes: [2] + Array(repeating: 0, count: 31))
        _ = refusal("no point") { _ = try EdgeBundle(.file(vectorPath("signed.edge")), publicKey: none) }
    }

    private func publicKey(_ digits: ByteText) throws -> PublicKey {
        try PublicKey(bytes: try XCTUnwrap(bytes(ofHex: digits.bytes)))
    }
}
