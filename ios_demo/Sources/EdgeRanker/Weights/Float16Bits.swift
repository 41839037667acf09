private let infiniteHalf: UInt32 = 0x7C00
private let firstInfinite: UInt32 = 0x477F_F000  // 65,520: from here on it rounds to an infinity
private let leastNormal: UInt32 = 0x3880_0000  // 2^-14

/// The nearest float16, ties to even, as its bits: subnormal ones are kept, beyond 65,504 it is infinite.
///
/// `Float16` of the standard library does not exist on every Mac.
func halfBits(_ value: Float) -> UInt16 {
    let sign = value.bitPattern >> 16 & 0x8000
    let magnitude = value.bitPattern & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 { return UInt16(sign | infiniteHalf | 0x200) }
    if magnitude >= firstInfinite { return UInt16(sign | infiniteHalf) }
    if magnitude >= leastNormal { return UInt16(sign | (rounded(magnitude, 13) - 112 << 10)) }
    let exponent = magnitude >> 23
    if exponent < 102 { return UInt16(sign) }
    return UInt16(sign | rounded(magnitude & 0x7F_FFFF | 0x80_0000, 126 - exponent))
}

/// value / 2^bits, ties to even.
private func rounded(_ value: UInt32, _ bits: UInt32) -> UInt32 {
    (value + (1 << (bits - 1)) - 1 + (value >> bits & 1)) >> bits
}

/// The bits of float16 numbers from their bytes, the lowest first; nil unless all are finite.
func finiteHalves(_ bytes: ArraySlice<UInt8>) -> [UInt16]? {
    var halves: [UInt16] = []
    halves.reserveCapacity(bytes.count / 2)
    for at in stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2) {
        let half = UInt16(bytes[at + 1]) << 8 | UInt16(bytes[at])
        if half & 0x7C00 == 0x7C00 { return nil }
        halves.append(half)
    }
    return halves
}

/// The float32 of a float16's bits.
func float(ofHalf half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let exponent = UInt32(half >> 10 & 31)
    let fraction = UInt32(half & 0x3FF)
    switch exponent {
    case 0: return Float(bitPattern: sign | (Float(fraction) * 5.9604645e-8).bitPattern)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}
