// As android_demo/test.sh compiles it without Gradle; the versions are those of toolchain.sh.
import org.jetbrains.kotlin.gradle.dsl.ExplicitApiMode
import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    kotlin("jvm") version "2.4.20"
}

kotlin {
    explicitApi = ExplicitApiMode.Strict
    compilerOptions {
        jvmTarget.set(JvmTarget.JVM_1_8)
        // Lambdas as classes: nothing is left for a runtime's LambdaMetafactory.
        freeCompilerArgs.addAll(
            "-Xjdk-release=8", "-Xlambdas=class", "-Xsam-conversions=class", "-Xsuppress-version-warnings",
        )
        allWarningsAsErrors.set(true)
    }
}

java {
    sourceCompatibility = JavaVersion.VERSION_1_8
    targetCompatibility = JavaVersion.VERSION_1_8
}

// The table of characters belongs to the specification; the library carries it as a Java resource.
sourceSets.main {
    resources.srcDir(layout.projectDirectory.dir("../.."))
    resources.setIncludes(listOf("edge/text/characters.json"))
}

// The example is compiled with the tests, so that it stays true.
kotlin.sourceSets.test {
    kotlin.srcDir(layout.projectDirectory.dir("../example"))
}

dependencies {
    testImplementation(kotlin("test-junit"))
    testImplementation("junit:junit:4.13.2")
}

tasks.test {
    useJUnit()
    systemProperty("edge.repository", layout.projectDirectory.dir("../..").asFile.path)
    systemProperty("edge.bundle", System.getenv("EDGE_BUNDLE") ?: "")
}
