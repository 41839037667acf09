private typealias Lanes = SIMD8<Float>

/// Turns each number into itself times the share of a normal distribution below it.
func gelu(_ numbers: UnsafeMutablePointer<Float>, _ count: Int) {
    var index = 0
    while index < count {
        var lanes = Lanes()
        let filled = min(8, count - index)
        for lane in 0..<filled { lanes[lane] = numbers[index + lane] }
        lanes = gelu(lanes)
        for lane in 0..<filled { numbers[index + lane] = lanes[lane] }
        index += filled
    }
}

private func gelu(_ x: Lanes) -> Lanes {
    let negative = x .< 0
    let size = x.replacing(with: -x, where: negative) * Float(0.5).squareRoot()
    let z = size.clamped(lowerBound: Lanes(), upperBound: Lanes(repeating: 9))  // beyond, nothing is left
    let t = 1 / (1 + 0.5 * z)
    let tail = 0.5 * t * exponential(logOfErfc(t) - z * z)
    return x * (1 - tail).replacing(with: tail, where: negative)
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
    let bits = (unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- Int32(rounding.bitPattern) &+ 127) &<< 23
    return sum * unsafeBitCast(bits, to: Lanes.self)
}
