// SPDX-License-Identifier: GPL-3.0-or-later
//
// The frame around the pages: keys, names for people who hear the window, start, themes.
#include "accessible_names.h"
#include "core/store/settings_store.h"
#include "cut_widgets.h"
#include "ui/studio/header.h"
#include "ui/studio/main_window.h"
#include "ui/studio/rail.h"
#include "ui/theme/theme.h"
#include "ui/widgets/viridis.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include <cmath>
#include <memory>

using namespace bwla;
using namespace bwla::ui;

namespace {

/// Relative luminance and contrast of WCAG 2.1.
double luminance(const QColor& colour) {
    const auto channel = [](double v) {
        return v <= 0.03928 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * channel(colour.redF()) + 0.7152 * channel(colour.greenF()) +
           0.0722 * channel(colour.blueF());
}

double contrast(const QColor& a, const QColor& b) {
    const double la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

} // namespace

class MainWindowTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        qputenv("XDG_DATA_HOME", folder_.path().toUtf8());
        qputenv("HF_HUB_CACHE", (folder_.path() + "/cache").toUtf8());
    }

    void init() {
        store_ = std::make_unique<Database>(Database::inMemory());
        theme_ = std::make_unique<Theme>();
        services_ = std::make_unique<Services>(Services{
            *theme_, *store_, {}, [](const EngineChoice&) { return makeReferenceBackend(); }, {}});
        window_ = std::make_unique<MainWindow>(*services_);
        window_->show();
        QVERIFY(QTest::qWaitForWindowActive(window_.get()));
    }

    void cleanup() {
        window_.reset();
        services_.reset();
        theme_.reset();
        store_.reset();
    }

    /// The goal is one second; ten times that is a defect on any machine.
    void startsSoon() {
        QElapsedTimer timer;
        timer.start();
        MainWindow another(*services_);
        another.show();
        QVERIFY(QTest::qWaitForWindowExposed(&another));
        qInfo("window on the screen after %lld ms", timer.elapsed());
        QVERIFY(timer.elapsed() < 10'000);
    }

    void keysReachEveryPage() {
        QVERIFY(window_->pages().size() >= 4);
        for (int i = 0; i < window_->pages().size(); ++i) {
            QTest::keyClick(window_.get(), static_cast<Qt::Key>(Qt::Key_1 + i),
                            Qt::ControlModifier);
            QCOMPARE(window_->currentPage(), i);
            QVERIFY(window_->pages().at(i)->isVisible());
            QVERIFY2(!window_->pages().at(i)->keys().isEmpty(),
                     qPrintable(window_->pages().at(i)->title()));
        }
    }

    void f6GoesFromPaneToPane() {
        QTest::keyClick(window_.get(), Qt::Key_F6);
        QWidget* first = window_->focusWidget();
        QVERIFY(first != nullptr);
        QTest::keyClick(window_.get(), Qt::Key_F6);
        QVERIFY(window_->focusWidget() != first);
    }

    void everythingThatTabReachesHasAName() {
        const QStringList nameless = test::unnamedWidgets(*window_);
        QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(", ")));
    }

    void appearanceIsRemembered() {
        QTest::keySequence(window_.get(), QKeySequence::ZoomIn);
        const int points = theme_->pointSize();
        SettingsStore(*store_).set("theme", std::to_string(static_cast<int>(Theme::Mode::light)));
        Theme other;
        Services services{
            other, *store_, {}, [](const EngineChoice&) { return makeReferenceBackend(); }, {}};
        const MainWindow again(services);
        QCOMPARE(other.pointSize(), points);
        QVERIFY(!other.tokens().dark);
    }

    void smallWindowsAreUsable() {
        window_->resize(800, 560);
        QCoreApplication::processEvents();
        QVERIFY(window_->width() <= 1024);
        QCOMPARE(window_->findChild<Rail*>()->width(), 56);
        window_->resize(1280, 800);
        QCOMPARE(window_->findChild<Rail*>()->width(), 80);
    }

    /// At the smallest size, and with text a third larger.
    void nothingIsCut_data() {
        QTest::addColumn<QSize>("size");
        QTest::addColumn<int>("points");
        QTest::newRow("usual") << QSize(1280, 800) << 10;
        QTest::newRow("smallest") << QSize(800, 560) << 10;
        QTest::newRow("larger text") << QSize(1280, 800) << 13;
    }
    void nothingIsCut() {
        QFETCH(QSize, size);
        QFETCH(int, points);
        window_->resize(size);
        theme_->setPointSize(points);
        for (int i = 0; i < window_->pages().size(); ++i) {
            window_->showPage(i);
            QTest::qWait(20);
            const QStringList cut = test::cutWidgets(*window_);
            QVERIFY2(cut.isEmpty(),
                     qPrintable(window_->pages().at(i)->title() + ": " + cut.join(", ")));
        }
    }

    /// The ring of the focus never stands on a page that is not in front.
    void focusInTheRailFollowsThePage() {
        auto* rail = window_->findChild<Rail*>();
        const auto buttons = rail->findChildren<QToolButton*>();
        buttons[0]->setFocus(Qt::TabFocusReason);
        QTest::keyClick(window_.get(), Qt::Key_3, Qt::ControlModifier);
        QCOMPARE(window_->focusWidget(), buttons[2]);
    }

    void textCanBeRead_data() {
        QTest::addColumn<bool>("dark");
        QTest::newRow("dark") << true;
        QTest::newRow("light") << false;
    }
    void textCanBeRead() {
        QFETCH(bool, dark);
        const Tokens& t = dark ? darkTokens() : lightTokens();
        for (const QColor& surface : {t.bg, t.surface, t.raised, t.inset, t.rail})
            for (const QColor& text : {t.text1, t.text2, t.text3})
                QVERIFY2(contrast(text, surface) >= 4.5,
                         qPrintable(text.name() + " on " + surface.name()));
        for (const Tone& tone : {t.ok, t.warn, t.bad, t.info})
            QVERIFY(contrast(tone.text, tone.back) >= 4.5);
        for (const QColor& text : {t.text1, t.text2})
            QVERIFY(contrast(text, t.sel) >= 4.5);
        QVERIFY(contrast(t.onAccent, t.accentFill) >= 4.5);
        QVERIFY(contrast(t.control, t.surface) >= 3.0);
        for (int i = 0; i <= 100; ++i)
            QVERIFY(contrast(textOn(viridis(0.01 * i)), viridis(0.01 * i)) >= 4.5);
    }

    void iconsAreThere() {
        for (const Page* page : window_->pages())
            QVERIFY2(!theme_->icon(page->iconName()).isNull(), qPrintable(page->iconName()));
        QVERIFY(theme_->icon("no such icon").isNull());
    }

private:
    QTemporaryDir folder_;
    std::unique_ptr<Database> store_;
    std::unique_ptr<Theme> theme_;
    std::unique_ptr<Services> services_;
    std::unique_ptr<MainWindow> window_;
};

QTEST_MAIN(MainWindowTest)
#include "main_window_test.moc"
