private typealias Lanes = SIMD8<Float>
private typealias Bits = SIMD8<Int32>

/// Multiplies each number by the share of the standard normal distribution that is below it.
func gelu(_ numbers: UnsafeMutablePointer<Float>, _ count: Int) {
    var index = 0
    while index + 8 <= count {
        let place = UnsafeMutableRawPointer(numbers + index)
        place.storeBytes(of: gelu(place.loadUnaligned(as: Lanes.self)), as: Lanes.self)
        index += 8
    }
    while index < count {
        numbers[index] = gelu(Lanes(repeating: numbers[index]))[0]
        index += 1
    }
}

private func gelu(_ x: Lanes) -> Lanes {
    let bits = unsafeBitCast(x, to: Bits.self)
    let size = unsafeBitCast(bits & Int32.max, to: Lanes.self) * Float(0.5).squareRoot()
    let most = Lanes(repeating: 9)  // beyond it the tail is negligible
    let z = most - positive(most - size)
    let t = 1 / (1 + 0.5 * z)
    let tail = 0.5 * t * exponential(logOfErfc(t) - z * z)
    let negative = bits &>> 31  // all bits, or none
    let share = (unsafeBitCast(tail, to: Bits.self) & negative) | (unsafeBitCast(1 - tail, to: Bits.self) & ~negative)
    return x * unsafeBitCast(share, to: Lanes.self)
}

/// 0 where a number is below it.
private func positive(_ x: Lanes) -> Lanes {
    let bits = unsafeBitCast(x, to: Bits.self)
    return unsafeBitCast(bits & ~(bits &>> 31), to: Lanes.self)
}

/// ln(erfc(z) / t) + z * z for t = 1 / (1 + z / 2); see edge/engines/arithmetic.py.
private func logOfErfc(_ t: Lanes) -> Lanes {
    var sum = t * -0.14491331 + 0.990257856
    sum = sum * t - 2.836915837
    sum = sum * t + 4.314971755
    sum = sum * t - 3.630209627
    sum = sum * t + 1.720586749
    sum = sum * t - 0.736143749
    sum = sum * t + 0.232924512
    sum = sum * t + 0.353201478
    sum = sum * t + 1.001818217
    return sum * t - 1.265578042
}

/// e^x of numbers between -87 and 0: 2 to a whole power, and the Taylor series of the rest.
private func exponential(_ x: Lanes) -> Lanes {
    let shifted = x * 1.442695041 + rounding  // the whole number is in its lowest bits
    let whole = shifted - rounding
    let rest = x - whole * 0.693359375 + whole * 2.12194440e-4  // ln 2 in two parts
    var sum = rest * (1 / 720) + 1 / 120
    sum = sum * rest + 1 / 24
    sum = sum * rest + 1 / 6
    sum = sum * rest + 0.5
    sum = sum * rest + 1
    sum = sum * rest + 1
    let bits = (unsafeBitCast(shifted, to: Bits.self) &- Int32(rounding.bitPattern) &+ 127) &<< 23
    return sum * unsafeBitCast(bits, to: Lanes.self)
}
