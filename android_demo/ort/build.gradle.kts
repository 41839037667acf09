// As android_demo/test_modules.sh compiles it without Gradle; the versions are those of toolchain.sh.
import org.jetbrains.kotlin.gradle.dsl.ExplicitApiMode
import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    id("com.android.library") version "8.13.0"
    kotlin("android") version "2.4.20"
}

android {
    namespace = "edge.ort"
    compileSdk = 36
    defaultConfig {
        minSdk = 24
        consumerProguardFiles("consumer-rules.pro")
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
}

kotlin {
    explicitApi = ExplicitApiMode.Strict
    compilerOptions {
        jvmTarget.set(JvmTarget.JVM_1_8)
        freeCompilerArgs.addAll("-Xlambdas=class", "-Xsam-conversions=class", "-Xsuppress-version-warnings")
        // One library in several modules: engines are not part of the core's public interface.
        val core = project(":core").layout.buildDirectory
        freeCompilerArgs.add(core.map { "-Xfriend-paths=${it.asFile}/classes/kotlin/main,${it.asFile}/libs/core.jar" })
        allWarningsAsErrors.set(true)
    }
}

dependencies {
    api(project(":core"))
    implementation("com.microsoft.onnxruntime:onnxruntime-android:1.29.0")
}
