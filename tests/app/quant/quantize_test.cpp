// SPDX-License-Identifier: GPL-3.0-or-later
//
// Quantizing on the command line, start to end, on a tiny model: the result, what is done when the
// run is stopped or killed, and what is noticed afterwards.
#include "core/model/folder_lock.h"
#include "program.h"
#include "tiny_model.h"

#include <QFile>
#include <QFileInfo>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

using bwla::test::Finished;
using bwla::test::keys;
using bwla::test::runBwla;
using bwla::test::TinyModel;

namespace {

constexpr int layers = 4;

QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

QList<nlohmann::json> events(const QByteArray& err, const std::string& kind) {
    QList<nlohmann::json> found;
    for (const QByteArray& line : err.split('\n')) {
        auto event = nlohmann::json::parse(line.toStdString(), nullptr, false);
        if (event.is_object() && event["event"] == kind)
            found << event;
    }
    return found;
}

} // namespace

class QuantizeTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    Finished whole_;   ///< of the run that nothing disturbed, to out("whole")
    Finished stopped_; ///< of a run that got Ctrl+C after its first block, to out("stopped")

    [[nodiscard]] QString out(const QString& name) const { return folder_.filePath(name); }
    /// Few rounds: what is tested is the life of a run, not its quality.
    [[nodiscard]] QStringList command(const QString& name) const {
        return {"quantize",     folder_.filePath("tiny"),
                "-o",           out(name),
                "--tokens",     "256",
                "--okt-rounds", "2",
                "--psp-rounds", "1",
                "--rank",       "2",
                "--json"};
    }
    /// Starts a run, sends `signal` once a block is finished, and returns what was left behind.
    [[nodiscard]] Finished interrupted(const QStringList& command, int signal) const {
        QProcess process;
        process.start(BWLA_BINARY_DIR "/bwla", command);
        QByteArray err;
        while (process.state() != QProcess::NotRunning && events(err, "block").isEmpty()) {
            process.waitForReadyRead(100);
            err += process.readAllStandardError();
        }
        ::kill(static_cast<pid_t>(process.processId()), signal);
        process.waitForFinished();
        const bool normal = process.exitStatus() == QProcess::NormalExit;
        return {normal ? process.exitCode() : -1, process.readAllStandardOutput(),
                err + process.readAllStandardError()};
    }

private slots:
    void initTestCase();
    void theDocumentHasItsKeys();
    void theEstimateIsSaidFirst();
    void everyBlockReports();
    void theResultIsAModel();
    void aFinishedRunIsVerified();
    void ctrlCKeepsFinishedBlocks();
    void anotherRecipeIsRefused();
    void twoRunsDoNotWriteOneFolder();
    void aStoppedRunGoesOn();
    void aKilledRunGoesOn();
    void balancedTrains();
    void ranksByBudget();
    void activationBitsByBudget();
    void someLayersStayInFloat();
    void whatCannotStayInFloatIsRefused();
    void damageIsNamed();
};

void QuantizeTest::initTestCase() {
    TinyModel model;
    model.layers = layers;
    bwla::test::writeTinyFolder(folder_.filePath("tiny").toStdString(), model);
    whole_ = runBwla(command("whole"));
    QVERIFY2(whole_.exitCode == 0, whole_.all());
    stopped_ = interrupted(command("stopped"), SIGINT);
}

void QuantizeTest::theDocumentHasItsKeys() {
    const auto json = whole_.json();
    QCOMPARE(keys(json), (QStringList{"bits_linear", "layers", "layers_resumed", "out",
                                      "peak_rss_bytes", "seconds"}));
    QCOMPARE(json["out"].get<std::string>(), out("whole").toStdString());
    QCOMPARE(json["layers"].get<int>(), layers);
    QCOMPARE(json["layers_resumed"].get<int>(), 0);
    QVERIFY(json["bits_linear"].get<double>() > 1.0);
    QVERIFY(json["peak_rss_bytes"].get<long>() > 1'000'000);
    QVERIFY(!QFileInfo::exists(out("whole.partial")));
}

void QuantizeTest::theEstimateIsSaidFirst() {
    const auto estimates = events(whole_.err, "estimate");
    QCOMPARE(estimates.size(), 1);
    QVERIFY(whole_.errLines().front().contains("\"estimate\""));
    QCOMPARE(keys(estimates.front()), (QStringList{"bits_linear", "event", "measured_on",
                                                   "peak_rss_bytes", "perplexity", "seconds"}));
    QCOMPARE(estimates.front()["bits_linear"].get<double>(),
             whole_.json()["bits_linear"].get<double>());
    QVERIFY(estimates.front()["perplexity"].is_null()); // of another model's size
}

void QuantizeTest::everyBlockReports() {
    const auto blocks = events(whole_.err, "block");
    QCOMPARE(blocks.size(), layers);
    QCOMPARE(keys(blocks.front()), (QStringList{"block", "drift", "event", "groups", "seconds"}));
    QCOMPARE(keys(blocks.front()["groups"]),
             (QStringList{"attn_in", "attn_out", "mlp_in", "mlp_out"}));
    const auto& group = blocks.front()["groups"]["mlp_out"];
    QVERIFY(group["activation_error"].get<double>() > 0);
    QVERIFY(group["activation_error"].get<double>() < 1);
    double last = 0.0;
    for (const auto& event : events(whole_.err, "progress")) {
        QVERIFY(event["fraction"].get<double>() >= last);
        last = event["fraction"].get<double>();
    }
    QCOMPARE(last, 1.0);
}

void QuantizeTest::theResultIsAModel() {
    const auto info = runBwla({"info", out("whole"), "--json"}).json();
    QCOMPARE(info["bits_linear"].get<double>(), whole_.json()["bits_linear"].get<double>());
    QCOMPARE(info["dtypes"].dump(), std::string("[\"W1\"]"));
    const auto verified = runBwla({"verify", out("whole"), "--json"}).json();
    QCOMPARE(keys(verified), (QStringList{"ok", "probe_max_error", "tensors"}));
    QVERIFY(verified["ok"].get<bool>());
    const auto bench = runBwla({"bench", out("whole"), "-p", "4", "-n", "2", "-r", "1", "--format",
                                "w1a6", "--json"})
                           .json();
    QCOMPARE(bench[0]["format"].get<std::string>(), std::string("w1a6"));
    const auto answer =
        runBwla({"chat", out("whole"), "--raw", "--prompt", "ab", "--max-tokens", "3", "--json"});
    QVERIFY2(answer.exitCode == 0, answer.all());
}

void QuantizeTest::aFinishedRunIsVerified() {
    const auto again = runBwla(command("whole") + QStringList{"--resume"});
    QVERIFY2(again.exitCode == 0, again.all());
    QCOMPARE(again.json()["layers_resumed"].get<int>(), layers);
    const auto blind = runBwla(command("whole"));
    QCOMPARE(blind.exitCode, 1);
    QCOMPARE(blind.json()["error"]["code"].get<std::string>(), std::string("already_exists"));
    const auto other = runBwla(command("whole") + QStringList{"--resume", "--seed", "9"});
    QCOMPARE(other.exitCode, 1);
    QVERIFY2(other.err.contains("other settings"), other.all());
}

void QuantizeTest::ctrlCKeepsFinishedBlocks() {
    QVERIFY2(stopped_.exitCode == 1, stopped_.all());
    QCOMPARE(stopped_.json()["error"]["code"].get<std::string>(), std::string("cancelled"));
    QVERIFY2(stopped_.err.contains("--resume"), stopped_.all());
    QVERIFY(!QFileInfo::exists(out("stopped")));
    const auto blind = runBwla(command("stopped"));
    QCOMPARE(blind.json()["error"]["code"].get<std::string>(), std::string("journal_exists"));
}

void QuantizeTest::anotherRecipeIsRefused() {
    const auto refused = runBwla(command("stopped") + QStringList{"--resume", "--seed", "9"});
    QVERIFY2(refused.exitCode == 1, refused.all());
    const auto error = refused.json()["error"];
    QCOMPARE(error["code"].get<std::string>(), std::string("journal_mismatch"));
    QVERIFY(error["file"].get<std::string>().find("stopped.partial") != std::string::npos);
}

void QuantizeTest::twoRunsDoNotWriteOneFolder() {
    const bwla::FolderLock held(out("stopped.partial").toStdString());
    const auto second = runBwla(command("stopped") + QStringList{"--resume"});
    QCOMPARE(second.exitCode, 1);
    QVERIFY2(second.err.contains("stopped.partial: another run is writing there"), second.all());
}

void QuantizeTest::aStoppedRunGoesOn() {
    const auto resumed = runBwla(command("stopped") + QStringList{"--resume"});
    QVERIFY2(resumed.exitCode == 0, resumed.all());
    QVERIFY(resumed.json()["layers_resumed"].get<int>() >= 1);
    QCOMPARE(contents(out("stopped/model.safetensors")), contents(out("whole/model.safetensors")));
}

void QuantizeTest::aKilledRunGoesOn() {
    const auto killed = interrupted(command("killed"), SIGKILL);
    QVERIFY2(killed.exitCode == -1, killed.all());
    QVERIFY(!QFileInfo::exists(out("killed")));
    const auto resumed = runBwla(command("killed") + QStringList{"--resume"});
    QVERIFY2(resumed.exitCode == 0, resumed.all());
    QVERIFY(resumed.json()["layers_resumed"].get<int>() >= 1);
    QCOMPARE(contents(out("killed/model.safetensors")), contents(out("whole/model.safetensors")));
    QVERIFY(!QFileInfo::exists(out("killed.partial")));
}

void QuantizeTest::balancedTrains() {
    const QStringList balanced =
        command("balanced") + QStringList{"--preset", "balanced", "--kl-tokens", "4096"};
    const auto run = runBwla(balanced);
    QVERIFY2(run.exitCode == 0, run.all());
    const auto points = events(run.err, "refine");
    QVERIFY(!points.isEmpty());
    QCOMPARE(keys(points.back()),
             (QStringList{"event", "flipped_signs", "kl", "of", "tokens", "tokens_per_second"}));
    QCOMPARE(points.back()["tokens"].get<int>(), 4096);
    QCOMPARE(points.back()["flipped_signs"].get<double>(), 0.0);
    QVERIFY(contents(out("balanced/model.safetensors")) !=
            contents(out("whole/model.safetensors")));
    QVERIFY(runBwla({"verify", out("balanced"), "--json"}).json()["ok"].get<bool>());
    QCOMPARE(runBwla(balanced + QStringList{"--resume"}).exitCode, 0);
    QVERIFY(!QFileInfo::exists(out("balanced.partial")));
}

/// Groups get different ranks, within the bits; a run that was killed keeps them; what was trained
/// and written reads back, and two engines agree on it.
void QuantizeTest::ranksByBudget() {
    QStringList budget =
        command("budget") + QStringList{"--refine", "scales", "--kl-tokens", "2048"};
    const auto at = budget.indexOf("--rank");
    budget[at] = "--rank-budget";
    budget[at + 1] = "3.2";
    const Finished run = runBwla(budget);
    QVERIFY2(run.exitCode == 0, run.all());
    const double bits = run.json()["bits_linear"].get<double>();
    QVERIFY2(bits <= 3.2 && bits > 3.15, qPrintable(QString::number(bits)));
    const auto config = nlohmann::json::parse(contents(out("budget/config.json")).toStdString());
    const auto ranks = config["quantization_config"]["low_rank"];
    QStringList again = budget;
    again[again.indexOf(out("budget"))] = out("budget-killed");
    (void)interrupted(again, SIGKILL);
    const auto kept =
        nlohmann::json::parse(contents(out("budget-killed.partial/ranks.json")).toStdString());
    for (const auto& [group, list] : kept.items()) // the folder has one number where all are alike
        QCOMPARE((ranks[group].is_array() ? ranks[group] : list).dump(), list.dump());
    const Finished resumed = runBwla(again + QStringList{"--resume"});
    QVERIFY2(resumed.exitCode == 0, resumed.all());
    QCOMPARE(contents(out("budget-killed/model.safetensors")),
             contents(out("budget/model.safetensors")));
    QSet<int> different;
    for (const auto& group : ranks)
        for (const auto& rank : group)
            different << rank.get<int>();
    QVERIFY(different.size() > 2);
    QVERIFY(runBwla({"verify", out("budget"), "--json"}).json()["ok"].get<bool>());
    const auto logits = [&](const char* backend) {
        return runBwla({"logits", out("budget"), "--tokens", "5,6,7", "--activation-bits", "16",
                        "--backend", backend, "--json"})
            .json()["logits"]
            .get<std::vector<double>>();
    };
    const auto cpu = logits("cpu"), reference = logits("reference");
    QCOMPARE(cpu.size(), reference.size());
    for (std::size_t i = 0; i < cpu.size(); ++i)
        QVERIFY(std::abs(cpu[i] - reference[i]) < 1e-2);

    budget[budget.indexOf("--rank-budget") + 1] = "1.01";
    const Finished tooFew = runBwla(budget);
    QCOMPARE(tooFew.exitCode, 1);
    QVERIFY2(tooFew.err.contains("too little"), tooFew.all());
    const Finished both = runBwla(command("both") + QStringList{"--rank-budget", "2.2"});
    QCOMPARE(both.exitCode, 2);
}

/// Groups get different bits; eval and chat compute with them, or with one number where asked.
void QuantizeTest::activationBitsByBudget() {
    const QStringList settings{"--activation-budget", "5"};
    const Finished run = runBwla(command("mixed") + settings + QStringList{"--refine", "none"});
    QVERIFY2(run.exitCode == 0, run.all());
    const auto config = nlohmann::json::parse(contents(out("mixed/config.json")).toStdString());
    const auto activation = config["quantization_config"]["activation"];
    QCOMPARE(activation["bits"].get<int>(), 5);
    QSet<int> different;
    for (const auto& group : activation["groups"])
        for (const auto& bits : group)
            different << bits.get<int>();
    QVERIFY(different.size() > 1);
    const auto info = runBwla({"info", out("mixed")});
    QVERIFY2(info.out.contains("5 bits on average (groups: "), info.all());
    const auto logits = [&](const QStringList& more) {
        return runBwla(QStringList{"logits", out("mixed"), "--tokens", "5,6,7", "--json"} + more)
            .json()["logits"]
            .dump();
    };
    QVERIFY(logits({}) != logits({"--activation-bits", "4"}));
    QVERIFY(logits({}) != logits({"--activation-bits", "8"}));
    QVERIFY(runBwla({"verify", out("mixed"), "--json"}).json()["ok"].get<bool>());
    QCOMPARE(runBwla(command("two") + settings + QStringList{"--activation-bits", "6"}).exitCode,
             2);
}

/// Blocks 0 and 1 of the closed form as in a whole run, to the byte; the others the original's.
void QuantizeTest::someLayersStayInFloat() {
    const QStringList closedForm{"--refine", "none"};
    QCOMPARE(runBwla(command("closed") + closedForm).exitCode, 0);
    const QStringList some =
        command("some") + closedForm + QStringList{"--layers", "0-1", "--keep", "3,2:mlp_in"};
    const auto run = runBwla(some);
    QVERIFY2(run.exitCode == 0, run.all());
    const auto blocks = events(run.err, "block");
    QCOMPARE(blocks.size(), layers);
    QVERIFY(blocks[1]["groups"]["mlp_in"].is_object());
    QVERIFY(blocks[2]["groups"]["mlp_in"].is_null()); // not a row of zeros
    const auto tensors = [this](const char* name) {
        return bwla::SafetensorsFile::open(out(name).toStdString() + "/model.safetensors");
    };
    const auto found = tensors("some"), whole = tensors("closed"), original = tensors("tiny");
    int compared = 0;
    for (const auto& [name, view] : whole.tensors())
        if (name.starts_with("model.layers.0.") || name.starts_with("model.layers.1.")) {
            QVERIFY2(std::ranges::equal(found.at(name).bytes, view.bytes), name.c_str());
            ++compared;
        }
    QVERIFY(compared > 60);
    const std::string kept = "model.layers.2.self_attn.o_proj.weight";
    QCOMPARE(found.at(kept).bytes.size(), original.at(kept).bytes.size() / 2);
    QVERIFY(!found.has("model.layers.2.self_attn.o_proj.weight_packed"));

    const auto info = runBwla({"info", out("some"), "--json"}).json();
    QCOMPARE(info["dtypes"].dump(), std::string(R"(["W1","F16"])"));
    QCOMPARE(info["bits_linear"].get<double>(), run.json()["bits_linear"].get<double>());
    QCOMPARE(info["kept_share"].get<double>(), 0.5);
    QCOMPARE(info["bits_quantized"].get<double>(), whole_.json()["bits_linear"].get<double>());
    QVERIFY(runBwla({"verify", out("some"), "--json"}).json()["ok"].get<bool>());
    QCOMPARE(runBwla(some + QStringList{"--resume"}).exitCode, 0);
    const auto other = runBwla(command("some") + QStringList{"--layers", "0-1", "--resume"});
    QVERIFY2(other.exitCode == 1 && other.err.contains("other settings"), other.all());
}

void QuantizeTest::whatCannotStayInFloatIsRefused() {
    const auto complaint = [this](const QStringList& options) {
        const auto refused = runBwla(command("never") + options);
        return refused.exitCode == 0 ? QString() : QString(refused.all());
    };
    QVERIFY(complaint({"--layers", "0-4"}).contains("the model has no block 4, only 0 to 3"));
    QVERIFY(complaint({"--keep", "attn"}).contains("is neither a block"));
    QVERIFY(complaint({"--keep", "0,1,2,3"}).contains("nothing to quantize"));
    QVERIFY(!QFileInfo::exists(out("never")));
    QVERIFY(!QFileInfo::exists(out("never.partial")));
}

void QuantizeTest::damageIsNamed() {
    QFile file(out("whole/model.safetensors"));
    QVERIFY(file.open(QIODevice::ReadWrite));
    QVERIFY(file.seek(file.size() - 3));
    const char flipped = static_cast<char>(file.peek(1).at(0) ^ 1);
    QCOMPARE(file.write(&flipped, 1), 1);
    file.close();
    const auto finished = runBwla({"verify", out("whole"), "--json"});
    QVERIFY2(finished.exitCode == 1, finished.all());
    const auto error = finished.json()["error"];
    QCOMPARE(error["code"].get<std::string>(), std::string("hash_mismatch"));
    QVERIFY(error["tensor"].get<std::string>().starts_with("model."));
}

QTEST_GUILESS_MAIN(QuantizeTest)
#include "quantize_test.moc"
