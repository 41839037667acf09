/// A number modulo p = 2^255 - 19, in four limbs of 64 bits, the lowest first; any value below 2^256 stands for it.
struct FieldElement: Sendable {
    var limbs: [UInt64]

    static let zero = FieldElement(0)
    static let one = FieldElement(1)
    private static let modulus: [UInt64] = [UInt64.max - 18, .max, .max, .max >> 1]
    /// Of the curve: -121665 / 121666.
    static let d = FieldElement(limbs: [
        0x75eb_4dca_1359_78a3, 0x0070_0a4d_4141_d8ab, 0x8cc7_4079_7779_e898, 0x5203_6cee_2b6f_fe73,
    ])
    static let rootOfMinusOne = FieldElement(limbs: [
        0xc4ee_1b27_4a0e_a0b0, 0x2f43_1806_ad2f_e478, 0x2b4d_0099_3dfb_d7a7, 0x2b83_2480_4fc1_df0b,
    ])

    init(limbs: [UInt64]) { self.limbs = limbs }

    init(_ value: UInt64) { limbs = [value, 0, 0, 0] }

    static func + (left: FieldElement, right: FieldElement) -> FieldElement {
        var (limbs, carry) = added(left.limbs, right.limbs)
        while carry { (limbs, carry) = added(limbs, [38, 0, 0, 0]) }  // 2^256 = 38
        return FieldElement(limbs: limbs)
    }

    static func - (left: FieldElement, right: FieldElement) -> FieldElement {
        var (limbs, borrow) = subtracted(left.limbs, right.limbs)
        while borrow { (limbs, borrow) = subtracted(limbs, [38, 0, 0, 0]) }
        return FieldElement(limbs: limbs)
    }

    static func * (left: FieldElement, right: FieldElement) -> FieldElement {
        let product = multiplied(left.limbs, right.limbs)
        let upper = multiplied(Array(product[4...]), [38, 0, 0, 0])
        let (sum, carry) = added(Array(product[..<4]), Array(upper[..<4]))
        return FieldElement(limbs: sum) + FieldElement((upper[4] + (carry ? 1 : 0)) * 38)
    }

    /// Raised to an exponent, whose limbs begin with the lowest.
    func power(_ exponent: [UInt64]) -> FieldElement {
        var result = FieldElement.one
        for bit in (0..<64 * exponent.count).reversed() {
            result = result * result
            if exponent[bit / 64] >> UInt64(bit % 64) & 1 == 1 { result = result * self }
        }
        return result
    }

    /// 1 divided by it, by Fermat: to the power of p - 2.
    var inverse: FieldElement { power([UInt64.max - 20, .max, .max, .max >> 1]) }

    /// The one value below p.
    var canonical: [UInt64] {
        var value = limbs
        for _ in 0..<2 {
            let top = value[3] >> 63
            value[3] &= .max >> 1
            value = added(value, [19 * top, 0, 0, 0]).limbs
        }
        let (less, borrow) = subtracted(value, Self.modulus)
        return borrow ? value : less
    }

    var isOdd: Bool { canonical[0] & 1 == 1 }

    static func == (left: FieldElement, right: FieldElement) -> Bool { left.canonical == right.canonical }
}

/// The sum modulo 2^(64 n), and whether it is beyond that.
func added(_ left: [UInt64], _ right: [UInt64]) -> (limbs: [UInt64], carry: Bool) {
    var limbs = left
    var carry = false
    for index in limbs.indices {
        let (sum, first) = left[index].addingReportingOverflow(right[index])
        let (whole, second) = sum.addingReportingOverflow(carry ? 1 : 0)
        limbs[index] = whole
        carry = first || second
    }
    return (limbs, carry)
}

/// The difference modulo 2^(64 n), and whether it is below 0.
func subtracted(_ left: [UInt64], _ right: [UInt64]) -> (limbs: [UInt64], borrow: Bool) {
    var limbs = left
    var borrow = false
    for index in limbs.indices {
        let (difference, first) = left[index].subtractingReportingOverflow(right[index])
        let (whole, second) = difference.subtractingReportingOverflow(borrow ? 1 : 0)
        limbs[index] = whole
        borrow = first || second
    }
    return (limbs, borrow)
}

/// The product of two numbers of four limbs, in eight.
private func multiplied(_ left: [UInt64], _ right: [UInt64]) -> [UInt64] {
    var product = [UInt64](repeating: 0, count: 8)
    for (row, factor) in left.enumerated() {
        var carry: UInt64 = 0
        for (column, other) in right.enumerated() {
            var (high, low) = factor.multipliedFullWidth(by: other)
            for summand in [product[row + column], carry] {
                let (sum, overflow) = low.addingReportingOverflow(summand)
                low = sum
                high += overflow ? 1 : 0
            }
            product[row + column] = low
            carry = high
        }
        product[row + 4] = carry
    }
    return product
}
