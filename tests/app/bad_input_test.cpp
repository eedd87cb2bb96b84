// SPDX-License-Identifier: GPL-3.0-or-later
//
// Exit code 1, exactly one line that names the culprit, and with --json a document that says the
// same.
#include "program.h"
#include "real_model.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using bwla::test::runBwla;

namespace {

const QString tinyFolder = BWLA_TEST_DATA "/tiny_gqa_tied";

void write(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), bytes.size());
}

QByteArray firstBytes(const QString& path, qint64 count) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.read(count) : QByteArray();
}

/// A GGUF v3 header that promises more tensors than any file holds.
QByteArray endlessGguf() {
    QByteArray bytes("GGUF\3\0\0\0", 8);
    bytes += QByteArray(7, '\0') + '\x40'; // tensors: 2^62
    bytes += QByteArray(8, '\0');          // key-value pairs
    return bytes;
}

} // namespace

class BadInputTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    const QString model_ = QString::fromStdString(bwla::test::realModel().string());

    [[nodiscard]] QString path(const char* name) const { return folder_.filePath(name); }

private slots:
    void initTestCase();
    void isNamed_data();
    void isNamed();
    void anUnknownKernelLevelIsNamed();
    void aFullDiskIsNoticed();
};

void BadInputTest::initTestCase() {
    write(path("letter.txt"), "Dear model, ...\n");
    write(path("empty.gguf"), "");
    write(path("half.gguf"), firstBytes(model_, 40'000'000));
    write(path("header.gguf"), firstBytes(model_, 1000));
    write(path("endless.gguf"), endlessGguf());
    write(path("latin1.txt"), QByteArray(20'000, 'a') + "caf\xE9\n");
    QVERIFY(QDir(folder_.path()).mkdir("nothing"));
    QVERIFY(QDir(folder_.path()).mkdir("taken"));
    QVERIFY(QDir(folder_.path()).mkdir("broken"));
    write(path("broken/config.json"), "{\"model_type\": \"llama\", ");
    QVERIFY(QDir(folder_.path()).mkdir("mamba"));
    write(path("mamba/config.json"), R"({"model_type": "mamba", "architectures": ["Mamba"]})");
}

void BadInputTest::isNamed_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("code");
    QTest::addColumn<QByteArray>("culprit");
    const auto row = [](const char* name, const QStringList& arguments, const char* code,
                        const char* culprit) {
        QTest::newRow(name) << arguments << QByteArray(code) << QByteArray(culprit);
    };
    row("no such file", {"info", path("gone.gguf")}, "not_found", "gone.gguf");
    row("a text", {"info", path("letter.txt")}, "not_a_model", "letter.txt");
    row("an empty file", {"info", path("empty.gguf")}, "not_a_model", "empty.gguf");
    row("an empty folder", {"info", path("nothing")}, "not_a_model", "nothing");
    row("a broken configuration", {"info", path("broken")}, "corrupt", "config.json");
    row("another architecture", {"info", path("mamba")}, "unsupported_family", "mamba");
    row("half a file", {"info", path("half.gguf")}, "truncated", "half.gguf");
    row("a cut header", {"info", path("header.gguf")}, "truncated", "header.gguf");
    row("endless tensors", {"info", path("endless.gguf")}, "too_large", "endless.gguf");
    row("no tokenizer", {"tokenize", tinyFolder, "--text", "a"}, "missing_tokenizer", "tiny_gqa");
    row("chat without tokenizer", {"chat", tinyFolder, "--prompt", "a"}, "missing_tokenizer",
        "tiny_gqa");
    row("a token from elsewhere", {"logits", tinyFolder, "--tokens", "1,99999999"}, "bad_argument",
        "99999999");
    row("another format", {"bench", tinyFolder, "--format", "w1a6"}, "bad_argument", "w1a6");
    row("a prompt that does not fit",
        {"chat", model_, "--context", "8", "--prompt", "One two three four five six seven eight"},
        "prompt_too_long", "8");
    row("no such text", {"eval", model_, "--ppl", path("gone.txt")}, "not_found", "gone.txt");
    row("not UTF-8", {"eval", model_, "--ppl", path("latin1.txt")}, "bad_text", "latin1.txt");
    row("a short text", {"eval", model_, "--ppl", path("letter.txt")}, "text_too_short",
        "letter.txt");
    row("verify an original", {"verify", model_}, "bad_argument", "not a quantized model");
    row("a name of nothing", {"info", ""}, "not_found", "empty");
    row("more context than memory", {"chat", model_, "--context", "99999999999", "--prompt", "a"},
        "out_of_memory", "MB could not be had");
#ifdef BWLA_QUANT
    row("an output that is there", {"quantize", model_, "-o", path("taken")}, "already_exists",
        "taken");
    row("an output in no folder", {"quantize", model_, "-o", path("letter.txt/out")},
        "write_failed", "letter.txt/out");
    row("quantize a text", {"quantize", path("letter.txt"), "-o", path("new")}, "not_a_model",
        "letter.txt");
    row("no calibration text",
        {"quantize", model_, "-o", path("new"), "--calibration", path("gone.txt")}, "not_found",
        "gone.txt");
    // The second is no run that goes on with other settings: the first had nothing to keep.
    row("a short calibration text",
        {"quantize", model_, "-o", path("new"), "--calibration", path("letter.txt")},
        "text_too_short", "letter.txt");
    row("then another one",
        {"quantize", model_, "-o", path("new"), "--calibration", path("latin1.txt")}, "bad_text",
        "latin1.txt");
    row("a study of no text", {"study", model_, "--ppl", path("gone.txt"), "-o", path("study")},
        "not_found", "gone.txt");
#endif
}

void BadInputTest::isNamed() {
    QFETCH(QStringList, arguments);
    QFETCH(QByteArray, code);
    QFETCH(QByteArray, culprit);
    const auto plain = runBwla(arguments);
    QVERIFY2(plain.exitCode == 1, plain.all());
    QVERIFY2(plain.errLines().size() == 1, plain.all());
    QVERIFY2(plain.err.contains(culprit), plain.all());
    QCOMPARE(plain.out, QByteArray());

    const auto document = runBwla(arguments + QStringList{"--json"});
    QVERIFY2(document.exitCode == 1, document.all());
    const auto json = document.json();
    QVERIFY2(json.is_object() && json.contains("error"), document.all());
    const auto& error = json["error"];
    QCOMPARE(bwla::test::keys(error), (QStringList{"code", "file", "message", "tensor"}));
    QCOMPARE(error["code"].get<std::string>(), code.toStdString());
    QCOMPARE(QByteArray::fromStdString(error["message"].get<std::string>()) + "\n", plain.err);
}

void BadInputTest::anUnknownKernelLevelIsNamed() {
    const auto finished = bwla::test::run("env", {"BWLA_CPU_LEVEL=mmx", BWLA_BINARY_DIR "/bwla",
                                                  "logits", tinyFolder, "--tokens", "1"});
    QVERIFY2(finished.exitCode == 1, finished.all());
    QVERIFY2(finished.errLines().size() == 1, finished.all());
    QVERIFY2(finished.err.contains("BWLA_CPU_LEVEL") && finished.err.contains("mmx"),
             finished.all());
}

void BadInputTest::aFullDiskIsNoticed() {
    const auto finished = bwla::test::run(
        "sh", {"-c", R"("$0" info "$1" > /dev/full)", BWLA_BINARY_DIR "/bwla", tinyFolder});
    QVERIFY2(finished.exitCode == 1, finished.all());
    QVERIFY2(finished.errLines().size() == 1, finished.all());
    QVERIFY2(finished.err.contains("standard output"), finished.all());
}

QTEST_GUILESS_MAIN(BadInputTest)
#include "bad_input_test.moc"
