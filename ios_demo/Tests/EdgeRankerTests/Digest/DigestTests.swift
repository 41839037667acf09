import XCTest

@testable import EdgeRanker

/// The examples of FIPS 180-4 and of RFC 8032, section 7.1.
final class DigestTests: XCTestCase {
    func testDigestsAreThoseOfTheStandard() {
        let text = Array("abc".utf8)
        XCTAssertEqual(hex(sha256(text)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        XCTAssertEqual(hex(sha256([])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        XCTAssertEqual(
            hex(sha512(text)),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
    }

    func testDigestDoesNotDependOnThePieces() {
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for size in [1, 3, 55, 56, 63, 64, 65, 128, 999] {
            var digest = Sha256()
            for begin in stride(from: 0, to: bytes.count, by: size) {
                digest.update(Array(bytes[begin..<min(begin + size, bytes.count)]))
            }
            XCTAssertEqual(digest.finish(), sha256(bytes), "\(size)")
        }
    }

    func testChecksumIsThatOfZip() {
        var crc = Crc32()
        crc.update(Array("123456789".utf8)[...])
        XCTAssertEqual(crc.value, 0xCBF4_3926)
    }

    func testSignaturesOfTheStandardAreAcceptedAndOthersNot() throws {
        let key = try PublicKey(bytes: hexBytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
        let signature = hexBytes(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b")
        XCTAssert(key.accepts([], signature))
        XCTAssertFalse(key.accepts([0], signature))
        for index in [0, 31, 32, 62] {
            var altered = signature
            altered[index] ^= 4
            XCTAssertFalse(key.accepts([], altered), "byte \(index)")
        }
    }

    private func hexBytes(_ digits: String) -> [UInt8] { bytes(ofHex: digits.utf8) ?? [] }
}
