// SPDX-License-Identifier: GPL-3.0-or-later
//
// A refinement of signs that is stopped, packed, unpacked elsewhere and continued.
#include "core/error.h"
#include "core/journal/journal_files.h"
#include "core/journal/run_parcel.h"
#include "core/model/file_writer.h"
#include "core/model/kept_group.h"
#include "core/quant/group_quantizer.h"
#include "core/quant/kl_refinement.h"
#include "core/quant/two_streams.h"
#include "tiny_model.h"
#include "token_windows.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace bwla;
using namespace bwla::test;

namespace {

constexpr std::int64_t window = 64;
constexpr std::int64_t step = 512;            ///< tokens
constexpr int steps = 100, stoppedAfter = 50; ///< of a run; more than a warm-up

std::vector<std::vector<std::int32_t>> windows(int count, int seed) {
    return tokenWindows(count, window, seed);
}

} // namespace

class RunParcelTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    std::unique_ptr<ModelSource> source_;
    RefinedModel start_;
    KlText text_{windows(3, 1), windows(5, 2), 0.4};

    [[nodiscard]] std::filesystem::path path(const char* name) const {
        return folder_.filePath(name).toStdString();
    }
    [[nodiscard]] static KlSettings settings() {
        KlSettings s;
        s.tokens = steps * step;
        s.signs = true;
        s.secondsBetweenPoints = 0.0; // after every step
        return s;
    }

    /// The journal of a run that has fitted its blocks.
    void writeJournal(const char* out) const {
        const JournalFiles files(path(out));
        std::filesystem::create_directories(files.folder());
        for (std::int64_t l = 0; l < source_->config().layers; ++l)
            writeSafetensors(files.block(l),
                             blockTensors(start_.blocks[static_cast<std::size_t>(l)], l),
                             {{"report", "{\"block\":" + std::to_string(l) + "}"}});
        writeFile(files.recipe(), "{\"recipe\":{}}\n");
        writeFile(files.ranks(), "{}\n");
    }
    [[nodiscard]] RefinedModel blocksOf(const char* out) const {
        RefinedModel model{{}, start_.finalNorm};
        for (std::int64_t l = 0; l < source_->config().layers; ++l)
            model.blocks.push_back(readBlock(
                SafetensorsFile::open(JournalFiles(path(out)).block(l)), l, source_->config()));
        return model;
    }
    /// KL of every step, from the blocks and the state that lie in OUT.partial.
    [[nodiscard]] std::vector<double> train(const char* out, std::int64_t stopAfter = 0) const {
        std::vector<double> kl;
        std::stop_source stop;
        const auto sink = [&](const KlPoint& point) {
            kl.push_back(point.kl);
            if (point.tokens == stopAfter * step)
                stop.request_stop();
        };
        try {
            (void)refineByKl(*source_, blocksOf(out), text_, settings(),
                             JournalFiles(path(out)).refinement(), sink, stop.get_token());
        } catch (const Cancelled&) {
        }
        return kl;
    }
    static void breakFile(const std::filesystem::path& file, std::uintmax_t bytes) {
        std::filesystem::resize_file(file, bytes);
    }
    void cleanJournal(const char* out) const { removeFlatFolder(JournalFiles(path(out)).folder()); }

private Q_SLOTS:
    void initTestCase() {
        TinyModel tiny;
        tiny.context = window;
        writeTinyFolder(path("tiny"), tiny);
        source_ = ModelSource::open(path("tiny"));
        TwoStreams streams(*source_, {windows(8, 3), ""}, "cpu");
        for (std::int64_t l = 0; l < source_->config().layers; ++l)
            start_.blocks.push_back(
                streams
                    .advance(l,
                             [&](GroupKind kind, const Matrix& weights,
                                 const std::vector<std::int64_t>& outputs, const GroupInputs& in) {
                                 QuantizeSettings s;
                                 s.rank = 2;
                                 return quantizeGroup(
                                            {kind, weights, outputs, in.moments, in.sample, 1, {}},
                                            s)
                                     .group;
                             })
                    .block);
        // A group in float has neither signs nor factors to be made anew.
        start_.blocks[1].groups[2] = keptGroup(*source_, 1, GroupKind::mlpIn);
        start_.finalNorm = source_->tensor("model.norm.weight");
        writeJournal("out");
        (void)train("out", stoppedAfter);
    }

    void theParcelIsTheJournalAndSmaller() {
        const RunParcel packed = packRun(path("out"), path("parcel"), source_->config());
        QCOMPARE(packed.pieces, 1);
        unpackRun(path("parcel"), path("elsewhere"), source_->config());
        const JournalFiles before(path("out")), after(path("elsewhere"));
        for (const auto& file : {&JournalFiles::recipe, &JournalFiles::ranks}) {
            QCOMPARE(std::filesystem::file_size((after.*file)()),
                     std::filesystem::file_size((before.*file)()));
        }
        QVERIFY(packed.bytes <
                static_cast<std::int64_t>(std::filesystem::file_size(before.refinement())));

        const RefinedModel was = blocksOf("out"), is = blocksOf("elsewhere");
        const auto old = SafetensorsFile::open(before.refinement()),
                   carried = SafetensorsFile::open(after.refinement());
        const auto latents = old.at("latents").bytes, decoded = carried.at("latents").bytes;
        QCOMPARE(decoded.size(), latents.size());
        for (std::size_t i = 0; i < latents.size(); ++i)
            QCOMPARE(static_cast<std::int8_t>(decoded[i]) > 0,
                     static_cast<std::int8_t>(latents[i]) > 0);
        for (std::size_t k = 0; k < groupCount; ++k) {
            const auto &a = was.blocks[1].groups[k], &b = is.blocks[1].groups[k];
            QCOMPARE(a.isKept(), b.isKept());
            QVERIFY(a.factorA.values == b.factorA.values && a.inputScale == b.inputScale);
            if (a.isKept())
                QVERIFY(a.kept[0].weight == b.kept[0].weight);
        }
        QCOMPARE(SafetensorsFile::open(after.block(1)).metadata().at("report"), "{\"block\":1}");
        cleanJournal("elsewhere");
    }

    /// Signs of the blocks are those the training had reached.
    void signPlanesFollowTheLatents() {
        unpackRun(path("parcel"), path("planes"), source_->config());
        const auto state = SafetensorsFile::open(JournalFiles(path("planes")).refinement());
        const auto latents = state.at("latents").bytes;
        const QuantizedGroup first = blocksOf("planes").blocks[0].groups[0];
        const std::int64_t words = HostLinear::wordsPerRow(first.cols);
        for (std::int64_t row = 0; row < first.linears[0].rows; ++row)
            for (std::int64_t col = 0; col < first.cols; ++col) {
                const bool positive =
                    (first.linears[0].signs[row * words + col / 32] >> (col % 32) & 1U) != 0;
                QCOMPARE(positive, static_cast<std::int8_t>(latents[row * first.cols + col]) > 0);
            }
        cleanJournal("planes");
    }

    /// From where it was, without the jump of a training that begins.
    void aCarriedRunGoesOn() {
        writeJournal("undisturbed");
        const std::vector<double> whole = train("undisturbed");
        QCOMPARE(whole.size(), std::size_t{steps});
        unpackRun(path("parcel"), path("carried"), source_->config());
        const std::vector<double> rest = train("carried");
        QCOMPARE(rest.size(), std::size_t{steps - stoppedAfter});
        const double began = whole.front(), ended = whole.back();
        QVERIFY2(ended < 0.9 * began, qPrintable(QString("%1 %2").arg(began).arg(ended)));
        QVERIFY2(std::abs(rest.front() - whole[stoppedAfter]) < 0.1 * whole[stoppedAfter],
                 qPrintable(QString("%1 %2").arg(rest.front()).arg(whole[stoppedAfter])));
        QVERIFY2(rest.back() < ended + 0.1 * (began - ended),
                 qPrintable(QString("%1 %2 %3").arg(began).arg(ended).arg(rest.back())));
    }

    void damageNamesThePiece() {
        const auto copy = [&](const char* name) {
            std::filesystem::copy(path("parcel"), path(name));
            return path(name) / "piece-00";
        };
        const auto fails = [&](const char* name, ErrorCode code) {
            try {
                unpackRun(path(name), path("damaged"), source_->config());
                return false;
            } catch (const Error& error) {
                return error.code == code && QString::fromStdString(error.file).contains(name) &&
                       !std::filesystem::exists(JournalFiles(path("damaged")).folder());
            }
        };
        const auto short_ = copy("short");
        breakFile(short_, std::filesystem::file_size(short_) - 1);
        QVERIFY(fails("short", ErrorCode::truncated));
        const auto changed = copy("changed");
        std::fstream(changed, std::ios::in | std::ios::out | std::ios::binary).seekp(100).put('#');
        QVERIFY(fails("changed", ErrorCode::corrupt));
        std::filesystem::remove(copy("missing"));
        QVERIFY(fails("missing", ErrorCode::notFound));
        QVERIFY(fails("nothing", ErrorCode::notFound));
    }

    void nothingIsOverwritten() {
        QVERIFY_EXCEPTION_THROWN(unpackRun(path("parcel"), path("out"), source_->config()), Error);
        QVERIFY_EXCEPTION_THROWN((void)packRun(path("out"), path("parcel"), source_->config()),
                                 Error);
        QVERIFY_EXCEPTION_THROWN(
            (void)packRun(path("no-run"), path("other-parcel"), source_->config()), Error);
        QVERIFY(!std::filesystem::exists(path("other-parcel")));
    }

    void anotherModelIsRefused() {
        TinyModel tiny;
        tiny.context = window;
        tiny.feedForward += 32;
        writeTinyFolder(path("wider"), tiny);
        const auto wider = ModelSource::open(path("wider"));
        QVERIFY_EXCEPTION_THROWN(unpackRun(path("parcel"), path("wrong"), wider->config()), Error);
        QVERIFY(!std::filesystem::exists(JournalFiles(path("wrong")).folder()));
    }
};

QTEST_GUILESS_MAIN(RunParcelTest)
#include "run_parcel_test.moc"
