import XCTest

@testable import EdgeRanker
@testable import EdgeReference

final class LinearTests: XCTestCase {
    func testSumsOfIntegersAreExactWhateverTheNumberOfRowsAndOfZeros() throws {
        try check(rows: 1, inputs: 5, oneIn: 1)
        try check(rows: 8, inputs: 3_072, oneIn: 1)
        try check(rows: 11, inputs: 3_072, oneIn: 2)
        try check(rows: 3, inputs: 700, oneIn: 5)
        try check(rows: 9, inputs: 16, oneIn: 1_000)
    }

    func testMatrixWithTooManyInputsIsRefusedByItsName() {
        let ones = [Int8](repeating: 1, count: 65_537)
        let tensor = Tensor(name: "some.weight", shape: [1, ones.count], values: .integers(ones))
        let text = refusal("65,537 inputs") { _ = try Linear("some", tensor, scales: [1], bias: nil) }
        XCTAssert(text.contains("some") && text.contains("65537"), text)
    }

    /// Compares with sums of whole numbers; one in so many weights is not 0.
    private func check(rows: Int, inputs: Int, oneIn: Int) throws {
        let outputs = 6
        var integers = [Int8](repeating: 0, count: outputs * inputs)
        for place in stride(from: 0, to: integers.count, by: oneIn) {
            let magnitude = Int8(place * 7_919 % 28 + 100)  // so large that sums pass 2^24
            integers[place] = place / inputs % 2 == 0 ? magnitude : -magnitude
        }
        let scales: [Float] = [0.001, 0.002, 0.003, 0.004, 0.005, 0.006]
        let bias: [Float] = [1, 2, 3, 4, 5, 6]
        let tensor = Tensor(name: "some.weight", shape: [outputs, inputs], values: .integers(integers))
        let values = (0..<rows * inputs).map { Float($0 * 104_729 % 2_001) / 100 }
        let input = Matrix(rows: rows, columns: inputs, values: values)
        let found = try Linear("some", tensor, scales: scales, bias: bias)(input)
        for row in 0..<rows {
            var levels = [Float](repeating: 0, count: inputs)
            let step = quantise(Array(input[row]), inputs, into: &levels)
            for output in 0..<outputs {
                var sum = 0
                for column in 0..<inputs { sum += Int(levels[column]) * Int(integers[output * inputs + column]) }
                let expected = Float(sum) * step * scales[output] + bias[output]
                XCTAssertEqual(found[row, output], expected, "\(rows) rows of \(inputs), one weight in \(oneIn)")
            }
        }
    }
}
