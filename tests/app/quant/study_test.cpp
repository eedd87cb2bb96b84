// SPDX-License-Identifier: GPL-3.0-or-later
//
// The study on a tiny model: rows, seeds, what a second run takes from the first, and bad input.
#include "app/cli/study_table.h"
#include "core/quant/quantizer_module.h"
#include "core/study/study_job.h"
#include "expect_error.h"
#include "program.h"
#include "tiny_model.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <set>

using namespace bwla;
using namespace bwla::test;

namespace {

QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

class StudyTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;

    [[nodiscard]] QString at(const QString& name) const { return folder_.filePath(name); }
    [[nodiscard]] Finished study(const QString& rows, const QStringList& more = {},
                                 const QString& folder = "study") const {
        return runBwla(QStringList{"study", at("tiny"), "--ppl", at("text"), "-o", at(folder),
                                   "--rows", rows, "--tokens", "256", "--protocol", "llamacpp-512",
                                   "--backend", "cpu", "--threads", "1", "--json"} +
                       more);
    }

private slots:
    void initTestCase() {
        TinyModel model;
        model.layers = 1;
        model.context = 1024;
        writeTinyFolder(at("tiny").toStdString(), model);
        QFile text(at("text"));
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write(QByteArray("the study reads this text again and again. ").repeated(60));
    }

    void everyRowIsARecipeOfItsOwn() {
        std::set<std::string> recipes;
        for (const StudyRow& row : studyRows()) {
            QuantizeSettings settings;
            settings.outputPath = "out";
            row.change(settings);
            validate(settings);
            QVERIFY2(recipes.insert(recipeJson(settings)).second, row.name.data());
        }
        QCOMPARE(chosenStudyRows("all").size(), studyRows().size());
        QCOMPARE(chosenStudyRows("closed,sign").front().name, std::string_view("sign"));
        const auto error = errorOf([] { return chosenStudyRows("steps,stepz"); });
        QVERIFY(is(error, ErrorCode::badArgument) && names(*error, "stepz"));
    }

    /// Two rows, the rotated one with two seeds; figures are there and the rows differ.
    void rowsAreMeasured() {
        const Finished done = study("sign,okt", {"--seeds", "2"});
        QVERIFY2(done.exitCode == 0, done.all());
        const auto rows = done.json();
        QCOMPARE(rows.size(), std::size_t{3});
        QCOMPARE(rows[0]["row"].get<std::string>(), std::string("sign"));
        QCOMPARE(rows[2]["seed"].get<int>(), 1);
        QVERIFY(rows[1]["perplexity_a16"].get<double>() > 1.0);
        QVERIFY(rows[1]["perplexity_a16"] != rows[2]["perplexity_a16"]);
        QVERIFY(rows[0]["bits_linear"].get<double>() < rows[1]["bits_linear"].get<double>());
        QVERIFY(rows[0]["binarisation_before"] == rows[0]["binarisation_after"]); // not rotated
        QVERIFY(rows[1]["activation_error"].get<double>() <
                rows[0]["activation_error"].get<double>());
        const QByteArray table = contents(at("study/study.md"));
        QCOMPARE(table.count('\n'), 4); // head, rule, two rows
        QVERIFY(table.contains(" +- "));
        QVERIFY(!QDir(at("study/okt-s0")).exists()); // the artifact was only needed to measure
    }

    void aSecondRunMeasuresOnlyWhatIsNew() {
        const QByteArray before = contents(at("study/okt-s1.json"));
        const Finished again = study("sign,okt", {"--seeds", "3"});
        QVERIFY2(again.exitCode == 0, again.all());
        QCOMPARE(again.json().size(), std::size_t{4});
        QCOMPARE(contents(at("study/okt-s1.json")), before);
        const auto secondsOf = [](const QByteArray& json) {
            return nlohmann::json::parse(json.toStdString())["seconds"].get<double>();
        };
        QCOMPARE(again.json()[2]["seconds"].get<double>(), secondsOf(before)); // read, not run

        const Finished other = study("okt", {"--seed", "1", "--windows", "1", "--keep"});
        QVERIFY2(other.exitCode == 0, other.all());
        QVERIFY(contents(at("study/okt-s1.json")) != before); // another question, another answer
        QVERIFY(QDir(at("study/okt-s1")).exists());
    }

    /// One folder, one table: what other rows and seeds an earlier run measured is in it too.
    void runsIntoOneFolderMakeOneTable() {
        QCOMPARE(study("okt", {}, "joined").exitCode, 0);
        QCOMPARE(study("okt", {"--seed", "1", "--seeds", "2"}, "joined").exitCode, 0);
        const Finished last = study("sign", {}, "joined");
        QVERIFY2(last.exitCode == 0, last.all());
        QCOMPARE(last.json().size(), std::size_t{1}); // what was asked for
        QList<QByteArray> lines = contents(at("joined/study.md")).trimmed().split('\n');
        QCOMPARE(lines.size(), 4); // head, rule, two rows
        QVERIFY2(lines[2].startsWith("| sign ") && lines[2].contains("| 1     |"), lines[2]);
        QVERIFY2(lines[3].startsWith("| okt ") && lines[3].contains("| 3     |"), lines[3]);
        // Whoever asks something else gets a table without them.
        QCOMPARE(study("sign", {"--windows", "1"}, "joined").exitCode, 0);
        QCOMPARE(contents(at("joined/study.md")).trimmed().count('\n'), 2);
    }

    /// Mean and standard deviation of a sample: 20, 24 and 28 are 24 +- 4.
    void seedsAreMeanAndSpread() {
        const std::vector<StudyRow> rows = chosenStudyRows("sign,okt");
        std::vector<StudyMeasurement> all;
        for (const auto& [row, seed, perplexity] :
             {std::tuple{"okt", 0, 20.0}, {"okt", 1, 24.0}, {"okt", 2, 28.0}, {"sign", 0, 500.0}}) {
            StudyMeasurement& m = all.emplace_back();
            m.row = row;
            m.seed = static_cast<std::uint64_t>(seed);
            m.perplexity = {perplexity, 10 * perplexity, 100 * perplexity};
            m.blocks.emplace_back();
        }
        const QList<QByteArray> lines =
            QByteArray::fromStdString(studyTable(rows, all)).split('\n');
        QCOMPARE(lines.size(), 4);
        QVERIFY2(lines[2].contains("| 500.0 ") && !lines[2].contains("+-"), lines[2]);
        for (const char* text : {"| 24.00 +- 4.00 |", "| 240.0 +- 40.0 |", "| 2400 +- 400 |"})
            QVERIFY2(lines[3].contains(text), lines[3]);
    }

    void aStopKeepsFinishedRows() {
        StudySettings settings;
        settings.base.modelPath = at("tiny").toStdString();
        settings.base.outputPath = settings.folder = at("stopped").toStdString();
        settings.base.tokens = 256;
        settings.base.threads = 1;
        settings.rows = chosenStudyRows("sign,arb-rc");
        settings.eval.text = at("text").toStdString();
        settings.eval.protocol = Protocol::llamacpp512;
        StudyJob job([] { return makeReferenceBackend(); },
                     [] { return loadQuantizeJob(BWLA_BINARY_DIR "/libbwla_quantizer.so"); });
        std::stop_source stop;
        const auto stopAfterOne = [&](const StudyEvent& event) {
            if (event.finished != nullptr)
                stop.request_stop();
        };
        QVERIFY_EXCEPTION_THROWN((void)job.run(settings, stopAfterOne, stop.get_token()),
                                 Cancelled);
        QCOMPARE(keptMeasurements(settings).size(), std::size_t{1});
        const StudyResult whole = job.run(settings, {}, {});
        QCOMPARE(whole.resumed, std::int64_t{1});
        QCOMPARE(whole.measurements.size(), std::size_t{2});
    }

    void badInputIsOneSentence() {
        const Finished failed = study("hadamard");
        QCOMPARE(failed.exitCode, 1);
        QVERIFY2(failed.json()["error"]["message"].get<std::string>().find(
                     "Hadamard matrix of order 6") != std::string::npos,
                 failed.all());
        QCOMPARE(runBwla({"study", "--list", "--json"}).json().size(), studyRows().size());
    }
};

QTEST_GUILESS_MAIN(StudyTest)
#include "study_test.moc"
