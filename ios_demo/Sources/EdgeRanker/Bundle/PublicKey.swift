/// The order of the base point.
private let order: [UInt64] = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0, 0x1000_0000_0000_0000]
private let keyInfo = bytes(ofHex: "302a300506032b6570032100".utf8)!

/// The public key of whoever signs an app's bundles (BUNDLE.md, section 6). It ships in the app, never beside a bundle.
///
/// Ed25519 (RFC 8032) with S below the order and the equation itself, not its product with the cofactor: platforms
/// differ in both. It handles no secrets.
public struct PublicKey: Sendable {
    private let encoded: [UInt8]
    private let point: CurvePoint?

    /// The 32 bytes of RFC 8032. Bytes that encode no point give a key that accepts nothing. Errors: another length.
    public init(bytes: [UInt8]) throws {
        if bytes.count != 32 {
            throw EdgeError("a public key has 32 bytes, not \(bytes.count)", fix: "edge sign --help")
        }
        encoded = bytes
        point = CurvePoint(encoded: bytes)
    }

    /// A PEM file's text, as `openssl pkey -pubout` writes it. Errors: it is no Ed25519 public key.
    public init(pem text: String) throws {
        let lines = text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        let begin = lines.firstIndex { $0.elementsEqual("-----BEGIN PUBLIC KEY-----".utf8) }
        let end = lines.firstIndex { $0.elementsEqual("-----END PUBLIC KEY-----".utf8) }
        guard let begin, let end, begin < end,
            let decoded = bytes(ofBase64: lines[(begin + 1)..<end].joined()),
            decoded.count == 44, decoded.starts(with: keyInfo)
        else {
            let fix = "openssl pkey -in private.pem -pubout"
            throw EdgeError("the text is no PEM file of an Ed25519 public key", fix: fix)
        }
        try self.init(bytes: Array(decoded[12...]))
    }

    /// Whether a signature of 64 bytes is one of exactly this message by the key's owner.
    func accepts(_ message: [UInt8], _ signature: [UInt8]) -> Bool {
        guard let point, signature.count == 64 else { return false }
        let r = Array(signature[..<32])
        let s = limbs(Array(signature[32...]))
        if !subtracted(s, order).borrow { return false }
        let k = reduced(limbs(sha512(r + encoded + message)))
        return (CurvePoint.base.times(s) + (-point).times(k)).encoded == r
    }
}

/// A number modulo the order of the base point.
private func reduced(_ number: [UInt64]) -> [UInt64] {
    var rest: [UInt64] = [0, 0, 0, 0]
    for bit in (0..<64 * number.count).reversed() {
        rest = added(rest, rest).limbs
        rest[0] |= number[bit / 64] >> UInt64(bit % 64) & 1
        let (less, borrow) = subtracted(rest, order)
        if !borrow { rest = less }
    }
    return rest
}

/// The bytes of base64 with padding, or nil. `unusedBits`: whether those of the last letter that no byte uses may be set.
func bytes(ofBase64 text: some Sequence<UInt8>, unusedBits: Bool = false) -> [UInt8]? {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var values = [UInt8?](repeating: nil, count: 256)
    for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
    let all = Array(text)
    let padding = all.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    if all.count % 4 != 0 || padding > 2 { return nil }
    var result: [UInt8] = []
    var bits: UInt32 = 0
    var count: UInt32 = 0
    for byte in all.dropLast(padding) {
        guard let value = values[Int(byte)] else { return nil }
        bits = (bits << 6 | UInt32(value)) & 0xFFFF
        count += 6
        if count < 8 { continue }
        count -= 8
        result.append(UInt8(truncatingIfNeeded: bits >> count))
    }
    return unusedBits || bits & (1 << count - 1) == 0 ? result : nil
}
