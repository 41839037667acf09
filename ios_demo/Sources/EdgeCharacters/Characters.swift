/// The bytes of `characters.json` (SPEC.md, section 5), compiled into the program: there is no file to lose.
///
/// A module of its own, because compilers take long for so large a literal.
package let charactersJson: [UInt8] = PackageResources.characters_json
