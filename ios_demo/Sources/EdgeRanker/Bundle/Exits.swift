#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// After how many encode and how many interact layers a score is taken; ordered by the first, then by the second.
public struct Exit: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let encode: Int
    public let interact: Int

    public init(encode: Int, interact: Int) {
        self.encode = encode
        self.interact = interact
    }

    public static func < (left: Exit, right: Exit) -> Bool {
        (left.encode, left.interact) < (right.encode, right.interact)
    }

    public var description: String { "\(encode)/\(interact)" }
}

/// The probability of a like is the sigmoid of logit / temperature + offset, in doubles.
struct Calibration: Sendable {
    let temperature: Double
    let offset: Double

    func probability(_ logit: Float) -> Double {
        let calibrated = Double(logit) / temperature + offset
        let power = exp(-abs(calibrated))
        return calibrated < 0 ? power / (1 + power) : 1 / (1 + power)
    }
}

/// An exit with its AUC on the test and the validation split, nil if it was not measured, and a calibration unless
/// scores only order.
struct MeasuredExit: Sendable {
    let exit: Exit
    let auc: Double?
    let validationAuc: Double?
    let calibration: Calibration?

    /// By which the best of several exits is the greatest (PLAN.md, section 4).
    var worth: Double { validationAuc ?? auc ?? -1 }

    init(exit: Exit, auc: Double?, validationAuc: Double?, calibration: Calibration? = nil) {
        self.exit = exit
        self.auc = auc
        self.validationAuc = validationAuc
        self.calibration = calibration
    }

    init(_ values: ManifestValues) throws {
        exit = Exit(encode: try values.count("encode", 0...1_000), interact: try values.count("interact", 0...1_000))
        let quality = try values.object("quality")
        for metric in quality.keys {
            switch metric {
            case "auc", "validation_auc", "user_auc", "ndcg@10": _ = try quality.number(metric, 0...1)
            case "log_loss": _ = try quality.number(metric, 0...Double.greatestFiniteMagnitude)
            default: _ = try quality.number(metric)
            }
        }
        auc = quality.has("auc") ? try quality.number("auc") : nil
        validationAuc = quality.has("validation_auc") ? try quality.number("validation_auc") : nil
        let isCalibrated = values.has("calibration") && values["calibration"] != .null
        calibration = isCalibrated ? try Self.calibration(values.object("calibration")) : nil
    }

    private static func calibration(_ values: ManifestValues) throws -> Calibration {
        let temperature = try values.number("temperature", 0...1_000)
        if temperature == 0 { throw values.error("temperature", "above 0") }
        return Calibration(temperature: temperature, offset: try values.number("offset", -1_000...1_000))
    }
}

/// The exits of a manifest, ascending. Errors: such that the model cannot have, one twice, not the deepest.
func exits(_ values: [JsonValue], _ shape: ModelShape) throws -> [MeasuredExit] {
    let exits = try values.enumerated().map { try MeasuredExit(ManifestValues("exits[\($0.offset)]", $0.element)) }
    for exit in exits.map(\.exit) where !shape.encodeDepths.contains(exit.encode) || exit.interact > shape.interactLayers {
        throw EdgeError("the manifest lists an exit \(exit), which the model does not have")
    }
    let listed = Set(exits.map(\.exit))
    if listed.count < exits.count { throw EdgeError("the manifest lists an exit twice") }
    let deepest = Exit(encode: shape.encodeDepths[shape.encodeDepths.count - 1], interact: shape.interactLayers)
    if !listed.contains(deepest) { throw EdgeError("the manifest does not list the deepest exit, \(deepest)") }
    return exits.sorted { $0.exit < $1.exit }
}
