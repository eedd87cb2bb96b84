// SPDX-License-Identifier: GPL-3.0-or-later
//
// Exit code 2 and one line that names the mistake, before any file is touched.
#include "program.h"

#include <QTest>

class UsageTest : public QObject {
    Q_OBJECT

private slots:
    void mistakes_data();
    void mistakes();
    void helpIsNoMistake_data();
    void helpIsNoMistake();
    void everyVerbExplainsItself();
};

namespace {

bool wantsModel(const QByteArray& verb) {
    return verb == "info" || verb == "chat" || verb == "verify";
}

} // namespace

void UsageTest::mistakes_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("named");
    const auto row = [](const QByteArray& name, const QStringList& arguments,
                        const QByteArray& named) {
        QTest::newRow(name.constData()) << arguments << named;
    };
    row("no verb", {}, "subcommand");
    row("unknown verb", {"frobnicate"}, "frobnicate");
    row("unknown option", {"info", "m.gguf", "--frobnicate"}, "--frobnicate");
    row("a verb that is not there yet", {"serve"}, "serve");
    row("no model", {"info"}, "model");
    row("two models", {"info", "a.gguf", "b.gguf"}, "b.gguf");
    row("no text", {"tokenize", "m.gguf"}, "--text");
    row("no tokens", {"logits", "m.gguf"}, "--tokens");
    row("tokens that are no numbers", {"logits", "m.gguf", "--tokens", "1,two"}, "--tokens");
    row("nothing to show", {"logits", "m.gguf", "--tokens", "1", "--top", "0"}, "--top");
    row("activation bits", {"logits", "m.gguf", "--tokens", "1", "--activation-bits", "7"},
        "--activation-bits");
    row("weights", {"logits", "m.gguf", "--tokens", "1", "--weights", "q4"}, "--weights");
    row("nothing to evaluate", {"eval", "m.gguf"}, "--ppl");
    row("two things to evaluate",
        {"eval", "m.gguf", "--ppl", "a.txt", "--kld", "a.txt", "--reference", "n.gguf"}, "--kld");
    row("divergence from nothing", {"eval", "m.gguf", "--kld", "a.txt"}, "--reference");
    row("chats with nothing", {"eval", "m.gguf", "--chats", "a.txt"}, "--reference");
    row("protocol", {"eval", "m.gguf", "--ppl", "a.txt", "--protocol", "mine"}, "--protocol");
    row("windows", {"eval", "m.gguf", "--ppl", "a.txt", "--windows", "-1"}, "--windows");
    row("repetitions", {"bench", "m.gguf", "-r", "0"}, "--repetitions");
    row("synth", {"bench", "--synth", "gpt-5"}, "--synth");
    row("shape", {"bench-kernels", "--shape", "4096"}, "4096");
    row("format", {"bench-kernels", "--format", "q5"}, "--format");
    row("threads", {"bench", "m.gguf", "--threads", "-2"}, "--threads");
    row("temperature", {"chat", "m.gguf", "--temp", "-1"}, "--temp: must be 0 or more, not -1");
    row("endless temperature", {"chat", "m.gguf", "--temp", "inf"}, "--temp");
    row("no number", {"chat", "m.gguf", "--max-tokens", "few"}, "--max-tokens: \"few\"");
    row("no room", {"chat", "m.gguf", "--context", "0"}, "--context: must be above 0, not 0");
    row("tokens of nothing", {"logits", "m.gguf", "--tokens", ""}, "--tokens");
    for (const char* verb : {"info", "chat", "verify", "devices", "selftest", "bench-kernels"})
        row(QByteArray("backend of ") + verb,
            QStringList{verb} + (wantsModel(verb) ? QStringList{"m.gguf"} : QStringList()) +
                QStringList{"--backend", "vulcan"},
            "--backend: vulcan");
    row("kernels", {"devices", "--kernels", "fast"}, "--kernels");
    row("a backend without kernels to measure", {"bench-kernels", "--backend", "reference"},
        "not reference");
    row("nothing to measure", {"bench", "m.gguf", "-p", "0", "-n", "0"}, "prompt or generated");
    row("more than anybody measures", {"bench", "m.gguf", "-p", "9223372036854775807"}, "at most");
    row("nothing to bench", {"bench"}, "--synth");
    row("two things to bench", {"bench", "m.gguf", "--synth", "smollm2-135m"}, "--synth");
    row("random weights of a format", {"bench", "--synth", "smollm2-135m", "--format", "f32"},
        "not f32");
    row("choosing", {"bench", "m.gguf", "--choose", "dice"}, "--choose: dice not in {host,device}");
    row("a reference for nothing", {"eval", "m.gguf", "--ppl", "a.txt", "--reference", "n.gguf"},
        "--reference");
    row("bits of the cache", {"chat", "m.gguf", "--kv", "4"}, "--kv");
    row("bits of the tables", {"chat", "m.gguf", "--tables", "16"}, "--tables");
    row("a seed below 0", {"chat", "m.gguf", "--seed", "-1"}, "--seed");
    row("half a token", {"chat", "m.gguf", "--max-tokens", "2.5"}, "--max-tokens");
    row("a token past 31 bits", {"logits", "m.gguf", "--tokens", "4294967296"}, "--tokens");
    row("raw without a prompt", {"chat", "m.gguf", "--raw"}, "--prompt");
#ifdef BWLA_QUANT
    row("no output", {"quantize", "m.gguf"}, "--output");
    row("preset", {"quantize", "m.gguf", "-o", "out", "--preset", "magic"}, "--preset");
    row("rotation", {"quantize", "m.gguf", "-o", "out", "--rotation", "left"}, "--rotation");
    row("target mix", {"quantize", "m.gguf", "-o", "out", "--target-mix", "2"}, "--target-mix");
    const auto quantize = [&](const char* option, const char* value, const QByteArray& named) {
        row(QByteArray("quantize ") + option + " " + value,
            {"quantize", "m.gguf", "-o", "out", option, value}, named);
    };
    quantize("--factors", "attn_in=3", "attn_in=3");
    quantize("--layers", "5-2", "--layers");
    quantize("--keep", "head", "--keep: \"head\"");
    quantize("--rank", "513", "--rank must be");
    quantize("--rank-budget", "9", "--rank-budget");
    quantize("--activation-budget", "9", "--activation-budget");
    quantize("--tokens", "10", "--tokens must be");
    quantize("--kl-rate", "0", "--kl-rate");
    quantize("--calibration", "", "--calibration");
    quantize("--device", "tpu", "--device");
    row("quantize nothing", {"quantize", "", "-o", "out"}, "empty");
    row("no folder", {"quantize", "m.gguf", "-o", ""}, "-o");
    row("rows of a study", {"study", "m.gguf", "--ppl", "a.txt", "-o", "out", "--rows", "okt,no"},
        "\"no\"");
    row("a study of nothing", {"study", "m.gguf"}, "--ppl");
    row("calibration of a study",
        {"study", "m.gguf", "--ppl", "a.txt", "-o", "out", "--tokens", "1"}, "--tokens must be");
#endif
}

void UsageTest::mistakes() {
    QFETCH(QStringList, arguments);
    QFETCH(QByteArray, named);
    const auto finished = bwla::test::runBwla(arguments);
    QVERIFY2(finished.exitCode == 2, finished.all());
    QCOMPARE(finished.out, QByteArray());
    QVERIFY2(finished.errLines().size() == 1, finished.all());
    QVERIFY2(finished.err.contains(named), finished.all());
    QVERIFY2(finished.err.size() < 200, finished.all());
}

void UsageTest::helpIsNoMistake_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("shown");
    QTest::newRow("help") << QStringList{"--help"} << QByteArray("quantize");
    QTest::newRow("version") << QStringList{"--version"} << QByteArray("bwla " BWLA_VERSION);
    QTest::newRow("help of a verb") << QStringList{"chat", "--help"} << QByteArray("--prompt");
}

void UsageTest::helpIsNoMistake() {
    QFETCH(QStringList, arguments);
    QFETCH(QByteArray, shown);
    const auto finished = bwla::test::runBwla(arguments);
    QVERIFY2(finished.exitCode == 0, finished.all());
    QVERIFY2(finished.out.contains(shown), finished.all());
    QCOMPARE(finished.err, QByteArray());
}

void UsageTest::everyVerbExplainsItself() {
    for (const QString verb : {"info", "chat", "eval", "bench", "bench-kernels", "devices",
                               "selftest", "verify", "tokenize", "logits"}) {
        const auto finished = bwla::test::runBwla({verb, "--help"});
        QVERIFY2(finished.exitCode == 0, finished.all());
        QVERIFY2(finished.out.contains("--json"), finished.all());
        QVERIFY2(finished.out.contains("--backend"), finished.all());
    }
}

QTEST_GUILESS_MAIN(UsageTest)
#include "usage_test.moc"
