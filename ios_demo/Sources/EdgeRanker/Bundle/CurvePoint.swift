/// A point of the curve edwards25519: x = X / Z, y = Y / Z, x y = T / Z (RFC 8032, section 5.1.4).
struct CurvePoint: Sendable {
    private let x: FieldElement
    private let y: FieldElement
    private let z: FieldElement
    private let t: FieldElement

    private static let neutral = CurvePoint(x: .zero, y: .one, z: .one, t: .zero)

    static let base: CurvePoint = {
        let x = FieldElement(limbs: [
            0xc956_2d60_8f25_d51a, 0x692c_c760_9525_a7b2, 0xc0a4_e231_fdd6_dc5c, 0x2169_36d3_cd6e_53fe,
        ])
        let y = FieldElement(limbs: [0x6666_6666_6666_6658] + Array(repeating: 0x6666_6666_6666_6666, count: 3))
        return CurvePoint(x: x, y: y, z: .one, t: x * y)
    }()

    private init(x: FieldElement, y: FieldElement, z: FieldElement, t: FieldElement) {
        self.x = x
        self.y = y
        self.z = z
        self.t = t
    }

    /// Of 32 bytes; nil if they encode no point (RFC 8032, section 5.1.3).
    init?(encoded: [UInt8]) {
        var limbs = limbs(encoded)
        let odd = limbs[3] >> 63 == 1
        limbs[3] &= .max >> 1
        let y = FieldElement(limbs: limbs)
        if y.canonical != limbs { return nil }
        let u = y * y - .one
        let square = u * (FieldElement.d * y * y + .one).inverse
        var x = square.power([UInt64.max - 1, .max, .max, .max >> 4])  // (p + 3) / 8 = 2^252 - 2
        if !(x * x == square) { x = x * .rootOfMinusOne }
        if !(x * x == square) || (x == .zero && odd) { return nil }
        if x.isOdd != odd { x = .zero - x }
        self.init(x: x, y: y, z: .one, t: x * y)
    }

    static func + (left: CurvePoint, right: CurvePoint) -> CurvePoint {
        let a = (left.y - left.x) * (right.y - right.x)
        let b = (left.y + left.x) * (right.y + right.x)
        let c = left.t * .d * right.t
        let d = left.z * right.z
        let (e, f, g, h) = (b - a, d + d - c - c, d + d + c + c, b + a)
        return CurvePoint(x: e * f, y: g * h, z: f * g, t: e * h)
    }

    static prefix func - (point: CurvePoint) -> CurvePoint {
        CurvePoint(x: .zero - point.x, y: point.y, z: point.z, t: .zero - point.t)
    }

    /// Added to itself; the limbs of the factor begin with the lowest.
    func times(_ factor: [UInt64]) -> CurvePoint {
        var result = Self.neutral
        for bit in (0..<64 * factor.count).reversed() {
            result = result + result
            if factor[bit / 64] >> UInt64(bit % 64) & 1 == 1 { result = result + self }
        }
        return result
    }

    var encoded: [UInt8] {
        let inverse = z.inverse
        var limbs = (y * inverse).canonical
        if (x * inverse).isOdd { limbs[3] |= 1 << 63 }
        return limbs.flatMap { limb in (0..<8).map { UInt8(truncatingIfNeeded: limb >> UInt64(8 * $0)) } }
    }
}

/// Bytes as limbs of 64 bits, the lowest first.
func limbs(_ bytes: [UInt8]) -> [UInt64] {
    stride(from: 0, to: bytes.count, by: 8).map { begin in
        bytes[begin..<begin + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
}
