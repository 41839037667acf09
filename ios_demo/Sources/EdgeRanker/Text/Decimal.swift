/// The shortest decimal that parses to the same double: `significand` x 10 ^ `exponent`, with its sign.
struct Decimal {
    let negative: Bool
    let significand: UInt64  // below 10 ^ 17
    let exponent: Int

    /// Of a finite number. Swift writes the shortest decimal, and of several the closest (SPEC.md, section 3).
    init(_ value: Double) {
        var digits: UInt64 = 0
        var scale = 0
        var power = 0
        var rest = value.magnitude.description.utf8[...]
        if let mark = rest.firstIndex(of: UInt8(ascii: "e")) {
            power = Int(String(rest[rest.index(after: mark)...]) ?? "") ?? 0
            rest = rest[..<mark]
        }
        var zeros = 0  // at the end of the digits, added only when another digit follows
        var afterPoint = false
        for byte in rest {
            if byte == UInt8(ascii: ".") {
                afterPoint = true
            } else {
                if afterPoint { scale += 1 }
                zeros += 1
                if byte == UInt8(ascii: "0") { continue }
                digits = digits * Self.power(zeros) + UInt64(byte - UInt8(ascii: "0"))
                zeros = 0
            }
        }
        negative = value.sign == .minus
        significand = digits
        exponent = power - scale + zeros
    }

    /// Whether the magnitude is below `count` x 10 ^ -`places`; the count is at most 1,000.
    func isBelow(_ count: UInt64, places: Int) -> Bool { order(to: count, places: places) < 0 }

    /// Whether the magnitude is above `count` x 10 ^ -`places`; the count is at most 1,000.
    func isAbove(_ count: UInt64, places: Int) -> Bool { order(to: count, places: places) > 0 }

    /// Negative, 0 or positive, as the magnitude is below, equal to or above `count` x 10 ^ -`places`.
    private func order(to count: UInt64, places: Int) -> Int {
        let shift = exponent + places
        let (left, leftBeyond) = Self.product(significand, shift)
        let (right, rightBeyond) = Self.product(count, -shift)
        if leftBeyond || rightBeyond { return leftBeyond ? 1 : -1 }
        return left < right ? -1 : left == right ? 0 : 1
    }

    /// A value times 10 ^ `shift`, where that is above 1, and whether this is beyond 64 bits.
    private static func product(_ value: UInt64, _ shift: Int) -> (value: UInt64, beyond: Bool) {
        if shift <= 0 || value == 0 { return (value, false) }
        if shift > 19 { return (0, true) }
        let (product, overflow) = value.multipliedReportingOverflow(by: power(shift))
        return (product, overflow)
    }

    /// The magnitude in units of 10 ^ -`places`, rounded down, and whether the rest is half a unit or more.
    func units(places: Int) -> (whole: UInt64, half: Bool) {
        let shift = exponent + places
        if shift >= 0 { return (significand * Self.power(shift), false) }
        if shift < -18 { return (0, false) }
        let unit = Self.power(-shift)
        let (whole, rest) = significand.quotientAndRemainder(dividingBy: unit)
        return (whole, rest >= unit / 2)
    }

    private static func power(_ exponent: Int) -> UInt64 {
        var power: UInt64 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
