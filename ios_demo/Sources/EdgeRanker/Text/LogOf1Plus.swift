private let squareRootOfHalf = 0.7071067811865476
private let logOf2 = 0.6931471805599453

/// log(1 + |v|) with the sign of v, the same to the bit on every platform (SPEC.md, section 8).
func logOf1Plus(_ value: Double) -> Double {
    let a = 1 + value.magnitude
    var exponent = a.exponent + 1
    var fraction = a.significand / 2
    if fraction < squareRootOfHalf {
        fraction *= 2
        exponent -= 1
    }
    let z = (fraction - 1) / (fraction + 1)
    let q = z * z
    var r = 0.0
    for k in stride(from: 23, through: 3, by: -2) { r = (r + 1 / Double(k)) * q }
    return Double(signOf: value, magnitudeOf: Double(exponent) * logOf2 + 2 * z * (r + 1))
}
