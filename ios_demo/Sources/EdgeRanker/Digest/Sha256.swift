/// SHA-256 (FIPS 180-4) of bytes that arrive in pieces.
struct Sha256 {
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    private var words = [UInt32](repeating: 0, count: 64)
    private var pending: [UInt8] = []
    private var length: UInt64 = 0

    mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        length += UInt64(bytes.count)
        var at = 0
        if !pending.isEmpty {
            at = min(64 - pending.count, bytes.count)
            pending.append(contentsOf: bytes[..<at])
            if pending.count < 64 { return }
            let block = pending
            block.withUnsafeBytes { process($0, at: 0) }
            pending.removeAll(keepingCapacity: true)
        }
        while at + 64 <= bytes.count {
            process(bytes, at: at)
            at += 64
        }
        pending.append(contentsOf: bytes[at...])
    }

    /// The digest, 32 bytes. Nothing may be added after it.
    mutating func finish() -> [UInt8] {
        let bits = length * 8
        update([0x80] + [UInt8](repeating: 0, count: (119 - pending.count) % 64))
        update((0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) })
        return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
    }

    private mutating func process(_ bytes: UnsafeRawBufferPointer, at begin: Int) {
        state.withUnsafeMutableBufferPointer { state in
            words.withUnsafeMutableBufferPointer { words in
                schedule(words, bytes, begin)
                constants.withUnsafeBufferPointer { rounds(state, words, $0) }
            }
        }
    }
}

/// The SHA-256 of bytes.
func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var digest = Sha256()
    digest.update(bytes)
    return digest.finish()
}

private typealias Words = UnsafeMutableBufferPointer<UInt32>

private func schedule(_ words: Words, _ bytes: UnsafeRawBufferPointer, _ begin: Int) {
    for index in 0..<16 {
        words[index] = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: begin + 4 * index, as: UInt32.self))
    }
    for index in 16..<64 {
        let (near, far) = (words[index - 2], words[index - 15])
        let s1 = turned(near, 17) ^ turned(near, 19) ^ near >> 10
        let s0 = turned(far, 7) ^ turned(far, 18) ^ far >> 3
        words[index] = words[index - 16] &+ s0 &+ words[index - 7] &+ s1
    }
}

private func rounds(_ state: Words, _ words: Words, _ constants: UnsafeBufferPointer<UInt32>) {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for round in 0..<64 {
        let s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)
        let first = h &+ s1 &+ (e & f ^ ~e & g) &+ constants[round] &+ words[round]
        let s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)
        let second = s0 &+ (a & b ^ a & c ^ b & c)
        (h, g, f, e) = (g, f, e, d &+ first)
        (d, c, b, a) = (c, b, a, first &+ second)
    }
    state[0] &+= a
    state[1] &+= b
    state[2] &+= c
    state[3] &+= d
    state[4] &+= e
    state[5] &+= f
    state[6] &+= g
    state[7] &+= h
}

@inline(__always)
private func turned(_ word: UInt32, _ count: UInt32) -> UInt32 { word &>> count | word &<< (32 - count) }

/// The fractions of the cube roots of the first 64 primes.
private let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
]
