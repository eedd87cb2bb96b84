// SPDX-License-Identifier: GPL-3.0-or-later
//
// The keys and the meaning of each verb's result: on the default model where what it says matters,
// on tiny random ones where it does not.
#include "program.h"
#include "real_model.h"
#include "tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using bwla::test::Finished;
using bwla::test::keys;
using bwla::test::runBwla;

namespace {

const QString tinyFolder = BWLA_TEST_DATA "/tiny_gqa_tied";

} // namespace

class VerbsTest : public QObject {
    Q_OBJECT
    const QString model_ = QString::fromStdString(bwla::test::realModel().string());
    QTemporaryDir folder_;
    const QString tiny_ = folder_.filePath("tiny"); ///< random, with a tokenizer over bytes
    const QString text_ = folder_.filePath("text.txt");

private slots:
    void initTestCase();
    void infoDescribesTheModel();
    void infoWithoutTokenizer();
    void tokenizeGivesIds();
    void logitsAreTheWholeVocabularyOrTheTop();
    void weightsAndBitsChangeLogitsALittle();
    void chatAnswersTheSameWithTheSameSeed();
    void chatShowsItsPrompt();
    void rawPromptsAreSentAsTheyAre();
    void aConversationReadsTurns();
    void benchHasLlamaBenchTests();
    void kernelsAreTimedInEveryFormat();
    void kernelsAgreeWithTheirTwins();
    void theProcessorIsADevice();
    void perplexityOfAText();
    void divergenceFromItselfIsNothing();
};

void VerbsTest::initTestCase() {
    bwla::test::writeTinyFolder(tiny_.toStdString(), {.context = 1024});
    QFile file(text_);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray("One fish, two fish, red fish, blue fish. ").repeated(60));
}

void VerbsTest::infoDescribesTheModel() {
    const auto finished = runBwla({"info", model_, "--json"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    const auto json = finished.json();
    QCOMPARE(keys(json), (QStringList{"context", "dtypes", "family", "layers", "parameters",
                                      "template", "tokenizer", "width"}));
    QCOMPARE(json["family"].get<std::string>(), std::string("llama"));
    QCOMPARE(json["parameters"].get<long>(), 134'515'008L);
    QCOMPARE(json["layers"].get<int>(), 30);
    QCOMPARE(json["width"].get<int>(), 576);
    QCOMPARE(json["context"].get<int>(), 8192);
    QCOMPARE(json["dtypes"][0].get<std::string>(), std::string("Q4_1"));
    QVERIFY(json["template"].get<std::string>().find("<|im_start|>") != std::string::npos);
    QVERIFY(runBwla({"info", model_}).out.contains("135 M"));
}

void VerbsTest::infoWithoutTokenizer() {
    const auto json = runBwla({"info", tinyFolder, "--json"}).json();
    QVERIFY(json["tokenizer"].is_null());
    QVERIFY(json["template"].is_null());
}

void VerbsTest::tokenizeGivesIds() {
    const QString text = "<|im_start|>user\nHi<|im_end|>";
    const auto plain = runBwla({"tokenize", model_, "--text", text, "--json"}).json();
    const auto special =
        runBwla({"tokenize", model_, "--text", text, "--special", "--json"}).json();
    QCOMPARE(keys(plain), QStringList{"ids"});
    QVERIFY(plain["ids"].size() > special["ids"].size());
    QCOMPARE(special["ids"].front().get<int>(), 1);
    QCOMPARE(special["ids"].back().get<int>(), 2);
    QCOMPARE(runBwla({"tokenize", model_, "--text", "", "--json"}).json()["ids"].size(), 0U);
}

void VerbsTest::logitsAreTheWholeVocabularyOrTheTop() {
    const auto all = runBwla({"logits", tinyFolder, "--tokens", "1,2,3", "--json"}).json();
    QCOMPARE(keys(all), (QStringList{"logits", "tokens"}));
    const auto top =
        runBwla({"logits", "--tokens", "1,2,3", "--top", "3", tinyFolder, "--json"}).json();
    QCOMPARE(keys(top), (QStringList{"tokens", "top"}));
    QCOMPARE(top["top"].size(), 3U);
    QCOMPARE(keys(top["top"][0]), (QStringList{"id", "logit"}));
    const auto logits = all["logits"].get<std::vector<double>>();
    const auto best = std::max_element(logits.begin(), logits.end());
    QCOMPARE(top["top"][0]["id"].get<long>(), best - logits.begin());
    QCOMPARE(top["top"][0]["logit"].get<double>(), *best);
    QVERIFY(top["top"][1]["logit"] <= top["top"][0]["logit"]);
}

void VerbsTest::weightsAndBitsChangeLogitsALittle() {
    const auto distance = [](const QStringList& options) {
        const QStringList command{"logits", tinyFolder, "--tokens", "5,6,7", "--json"};
        const auto exact = runBwla(command + QStringList{"--weights", "f32"}).json()["logits"];
        const auto other = runBwla(command + options).json()["logits"];
        double difference = 0.0;
        for (std::size_t i = 0; i < exact.size(); ++i)
            difference =
                std::max(difference, std::abs(exact[i].get<double>() - other[i].get<double>()));
        return difference;
    };
    const double half = distance({"--weights", "f16"});
    const double sixBits = distance({"--weights", "f32", "--activation-bits", "6"});
    QVERIFY(half > 0);
    QVERIFY(sixBits > half);
    QVERIFY(distance({"--weights", "f32", "--backend", "reference"}) < half);
}

void VerbsTest::chatAnswersTheSameWithTheSameSeed() {
    const QStringList command{"chat",         model_, "--prompt", "What is the capital of France?",
                              "--max-tokens", "12",   "--json"};
    const auto first = runBwla(command + QStringList{"--temp", "1", "--seed", "5"});
    QVERIFY2(first.exitCode == 0, first.all());
    const auto json = first.json();
    QCOMPARE(keys(json), (QStringList{"backend", "device", "fallback", "prompt_tok_s",
                                      "prompt_tokens", "stop", "text", "tok_s", "tokens"}));
    QVERIFY(json["fallback"].is_null());
    QVERIFY(json["tok_s"].get<double>() > 0);
    const auto again = runBwla(command + QStringList{"--temp", "1", "--seed", "5"}).json();
    QCOMPARE(again["text"].get<std::string>(), json["text"].get<std::string>());
    const auto likeliest = runBwla(command + QStringList{"--temp", "0"}).json();
    QVERIFY(likeliest["text"].get<std::string>().find("Paris") != std::string::npos);
}

void VerbsTest::chatShowsItsPrompt() {
    const auto finished =
        runBwla({"chat", model_, "--system", "Be brief.", "--prompt", "Hi", "--show-prompt"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    QCOMPARE(finished.out, QByteArray("<|im_start|>system\nBe brief.<|im_end|>\n"
                                      "<|im_start|>user\nHi<|im_end|>\n"
                                      "<|im_start|>assistant\n\n"));
}

void VerbsTest::rawPromptsAreSentAsTheyAre() {
    const QStringList command{"chat", model_, "--raw", "--prompt", "1, 2, 3, 4,"};
    QCOMPARE(runBwla(command + QStringList{"--show-prompt"}).out, QByteArray("1, 2, 3, 4,\n"));
    const auto finished = runBwla(command + QStringList{"--temp", "0", "--max-tokens", "3"});
    QVERIFY2(finished.out.contains("5"), finished.all());
    QVERIFY2(finished.err.contains("tok/s"), finished.all());
}

void VerbsTest::aConversationReadsTurns() {
    const auto finished = runBwla({"chat", model_, "--temp", "0", "--max-tokens", "16"},
                                  "My name is Ada.\n\nWhat is my name?\n");
    QVERIFY2(finished.exitCode == 0, finished.all());
    QCOMPARE(finished.err.count("stopped by"), 2); // an empty line is no turn
    QVERIFY2(finished.out.contains("Ada"), finished.all());
}

void VerbsTest::benchHasLlamaBenchTests() {
    const auto finished = runBwla({"bench", tiny_, "-p", "16", "-n", "4", "-r", "2", "--json"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    const auto json = finished.json();
    QCOMPARE(json.size(), 2U);
    for (const auto& row : json) {
        QCOMPARE(keys(row), (QStringList{"backend", "device", "format", "gb_s", "memory_bytes",
                                         "model", "roof_gb_s", "roof_share", "stddev", "test",
                                         "tok_s", "weight_bytes"}));
        QVERIFY(row["tok_s"].get<double>() > 0);
        QVERIFY(row["memory_bytes"].get<long>() > 100'000L);
        QCOMPARE(row["format"].get<std::string>(), std::string("f16"));
    }
    QCOMPARE(json[0]["test"].get<std::string>(), std::string("pp16"));
    QCOMPARE(json[1]["test"].get<std::string>(), std::string("tg4"));
    for (const char* key : {"weight_bytes", "gb_s", "roof_share"})
        QVERIFY(json[0][key].is_null()); // tokens of a prompt share the weights
    const double speed = json[1]["gb_s"].get<double>(), roof = json[1]["roof_gb_s"].get<double>();
    const double bytes = json[1]["weight_bytes"].get<double>();
    QVERIFY(bytes > 0 && bytes < json[1]["memory_bytes"].get<double>());
    QVERIFY(std::abs(speed / (1e-9 * bytes * json[1]["tok_s"].get<double>()) - 1) < 1e-3);
    QVERIFY(std::abs(json[1]["roof_share"].get<double>() / (speed / roof) - 1) < 1e-3);
    const auto table = runBwla({"bench", tiny_, "-p", "8", "-n", "0", "-r", "1"});
    QVERIFY2(table.out.contains("| pp8 "), table.all());
    QVERIFY2(!table.out.contains("\nroof "), table.all()); // nothing reads the weights alone
}

void VerbsTest::kernelsAreTimedInEveryFormat() {
    const auto finished = runBwla({"bench-kernels", "--shape", "96x200", "--shape", "64x64",
                                   "--columns", "3", "--threads", "1", "--json"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    const auto json = finished.json();
    QStringList formats;
    for (const auto& row : json) {
        QCOMPARE(keys(row),
                 (QStringList{"backend", "bytes", "cache", "columns", "device", "format", "gb_s",
                              "roof_share", "shape", "spread", "us", "variant", "verified"}));
        QVERIFY(row["spread"].get<double>() >= 0);
        const double gigabytes = 1e-3 * row["bytes"].get<double>() / row["us"].get<double>();
        QVERIFY(std::abs(gigabytes / row["gb_s"].get<double>() - 1) < 1e-3);
        QVERIFY(row["verified"].get<bool>());
        QVERIFY(row["us"].get<double>() > 0);
        QCOMPARE(row["columns"].get<int>(), 3);
        formats << QString::fromStdString(row["format"].get<std::string>());
    }
    QCOMPARE(json.front()["shape"].get<std::string>(), std::string("96x200"));
    QCOMPARE(json.back()["shape"].get<std::string>(), std::string("64x64"));
    QVERIFY(formats.contains("f16") && formats.contains("w1a6"));
    const auto one =
        runBwla({"bench-kernels", "--shape", "64x64", "--format", "w1a6", "--cold", "--json"});
    QCOMPARE(one.json().size(), 1U);
    QCOMPARE(one.json()[0]["cache"].get<std::string>(), std::string("cold"));
}

void VerbsTest::kernelsAgreeWithTheirTwins() {
    const auto finished = runBwla({"selftest", "--json"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    QVERIFY(finished.json().size() > 10U);
    for (const auto& row : finished.json()) {
        QCOMPARE(keys(row), (QStringList{"kernel", "level", "max_error", "ok"}));
        QVERIFY(row["ok"].get<bool>());
    }
}

void VerbsTest::theProcessorIsADevice() { // the first; Vulkan devices follow
    const auto finished = runBwla({"devices", "--json"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    const auto json = finished.json();
    QVERIFY(!json.empty());
    QCOMPARE(keys(json[0]), (QStringList{"driver", "gb_s", "kernels", "name", "roof_gb_s", "type",
                                         "unused", "uuid", "variant", "verified"}));
    QVERIFY(json[0]["kernels"].size() > 3U);
    for (const auto& row : json[0]["kernels"]) {
        QCOMPARE(keys(row), (QStringList{"candidates", "gb_s", "kernel", "roof_share", "verified",
                                         "why", "work"}));
        QVERIFY(row["verified"].get<bool>());
        QVERIFY(!row["kernel"].get<std::string>().empty());
    }
    QCOMPARE(json[0]["type"].get<std::string>(), std::string("cpu"));
    QVERIFY(json[0]["roof_gb_s"].get<double>() > 0);
    QVERIFY(json[0]["verified"].get<bool>());
}

void VerbsTest::perplexityOfAText() {
    const auto finished = runBwla(
        {"eval", tiny_, "--ppl", text_, "--protocol", "llamacpp-512", "--windows", "2", "--json"});
    QVERIFY2(finished.exitCode == 0, finished.all());
    const auto json = finished.json();
    QCOMPARE(keys(json), (QStringList{"activation_bits", "bits_file", "bits_linear", "data_sha256",
                                      "perplexity", "protocol", "stderr", "tokens"}));
    QCOMPARE(json["tokens"].get<int>(), 2 * 255);
    QCOMPARE(json["activation_bits"].get<int>(), 16);
    QCOMPARE(json["bits_linear"].get<double>(), 16.0);
    QCOMPARE(json["data_sha256"].get<std::string>().size(), 64U);
    QVERIFY(json["perplexity"].get<double>() > 1.0);
    const auto lines = finished.errLines();
    QVERIFY(!lines.isEmpty());
    for (const QByteArray& line : lines)
        QCOMPARE(keys(nlohmann::json::parse(line.toStdString())),
                 (QStringList{"block", "blocks", "eta_s", "event", "fraction", "phase"}));
    const auto single = runBwla({"eval", tiny_, "--ppl", text_, "--protocol", "llamacpp-512",
                                 "--windows", "1", "--json"})
                            .json();
    QVERIFY(single["stderr"].is_null()); // one window has no spread
}

void VerbsTest::divergenceFromItselfIsNothing() {
    const QStringList command{"eval",        tiny_, "--kld",      text_,
                              "--reference", tiny_, "--protocol", "llamacpp-512",
                              "--windows",   "1",   "--json"};
    const auto same = runBwla(command).json();
    QCOMPARE(same["kl_mean"].get<double>(), 0.0);
    QCOMPARE(same["top_agreement"].get<double>(), 1.0);
    QCOMPARE(same["tokens"].get<int>(), 255);
    const auto fourBits = runBwla(command + QStringList{"--activation-bits", "4"}).json();
    QVERIFY(fourBits["kl_mean"].get<double>() > 0.0);
    QCOMPARE(fourBits["activation_bits"].get<int>(), 4);
}

QTEST_GUILESS_MAIN(VerbsTest)
#include "verbs_test.moc"
