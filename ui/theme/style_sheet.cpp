// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/style_sheet.h"

#include "ui/theme/theme.h"

namespace bwla::ui {
namespace {

constexpr const char* frames = R"(
QFrame[card="true"] { background: @surface; border: 1px solid @border; border-radius: 8px; }
QFrame[choice="true"] { background: @bg; border: 1px solid @border; border-radius: 8px; padding: 1px; }
QFrame[choice="true"][chosen="true"] { border: 2px solid @accent; padding: 0; }
#dropHint { background: transparent; border: 1px dashed @control; border-radius: 8px; }
QFrame[line="true"] { background: @border; border: none; max-height: 1px; min-height: 1px; }
#header { background: @surface; border: none; border-bottom: 1px solid @border; }
#rail, #statusStrip { background: @rail; }
#statusStrip { border-top: 1px solid @border; }
QSplitter::handle { background: transparent; }
QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget#scrolled { background: transparent; }
QToolTip { background: @raised; color: @text1; border: 1px solid @border; padding: 6px; }
)";

constexpr const char* labels = R"(
QLabel { background: transparent; }
QLabel[role="title"] { font-weight: 600; }
QLabel[role="caption"] { color: @text3; font-size: @caption; }
QLabel[role="secondary"] { color: @text2; }
QLabel[role="name"] { font-size: @name; font-weight: 600; }
QLabel[role="big"] { font-size: @big; font-weight: 600; }
QLabel[role="pageTitle"] { font-size: @pageTitle; font-weight: 600; }
QLabel[role="bad"] { color: @bad; font-weight: 600; }
QLabel[role="fixed"] { font-family: "@fixedFamily"; font-size: @caption; }
)";

constexpr const char* buttons = R"(
QPushButton, QToolButton[button="true"] { background: @raised; color: @text1; border: 1px solid @control;
    border-radius: 6px; padding: 0 12px; min-height: 30px; font-weight: 500; }
QPushButton:hover, QToolButton[button="true"]:hover { border-color: @text2; }
QPushButton:pressed { background: @border; }
QPushButton:disabled { color: @text3; border-color: @border; background: @surface; }
QPushButton[kind="primary"] { background: @accentFill; color: @onAccent; border-color: @accentFill; }
QPushButton[kind="primary"]:hover { border-color: @accent; }
QPushButton[kind="primary"]:disabled { background: @raised; color: @text3; border-color: @border; }
QPushButton[kind="quiet"], QToolButton[kind="quiet"] { background: transparent; border: 1px solid transparent;
    color: @text2; border-radius: 6px; padding: 2px 6px; }
QPushButton[kind="quiet"]:hover, QToolButton[kind="quiet"]:hover { background: @raised; color: @text1; }
QPushButton[kind="destructive"] { background: @badBack; color: @bad; border-color: @badEdge; }
QPushButton[small="true"] { min-height: 22px; padding: 0 8px; }
QPushButton:focus, QToolButton:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QLineEdit:focus,
QPlainTextEdit:focus, QTextEdit:focus, QTextBrowser:focus { border: 2px solid @accent; }
QPushButton[segment="first"] { border-top-right-radius: 0; border-bottom-right-radius: 0; }
QPushButton[segment="middle"] { border-radius: 0; border-left: none; }
QPushButton[segment="last"] { border-top-left-radius: 0; border-bottom-left-radius: 0; border-left: none; }
QPushButton[tall="true"] { min-height: 38px; }
QPushButton:checked { background: @sel; border-color: @accent; font-weight: 600; }
QToolButton { border: 1px solid transparent; border-radius: 6px; }
QToolButton:hover { background: @raised; }
QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QRadioButton[presetName="true"] { font-size: @name; font-weight: 600; }
QCheckBox:focus, QRadioButton:focus { outline: none; color: @accent; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border-color: @accent; }
)";

constexpr const char* fields = R"(
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox { background: @inset; color: @text1; border: 1px solid @control;
    border-radius: 6px; padding: 0 8px; min-height: 30px; selection-background-color: @sel; selection-color: @text1; }
QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled { color: @text3; border-color: @border; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus { padding: 0 7px; min-height: 28px; }
QComboBox[small="true"] { min-height: 22px; }
QComboBox[small="true"]:focus { min-height: 20px; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url(:/icons/arrow-@scheme.svg); width: 16px; height: 16px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { subcontrol-origin: border; width: 28px; height: 15px;
    border: none; margin: 1px; background: transparent; }
QAbstractSpinBox::up-button { subcontrol-position: top right; border-top-right-radius: 5px; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; border-bottom-right-radius: 5px; }
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: @raised; }
QAbstractSpinBox::up-button:pressed, QAbstractSpinBox::down-button:pressed { background: @sel; }
QAbstractSpinBox::up-arrow { image: url(:/icons/arrow-up-@scheme.svg); width: 16px; height: 16px; }
QAbstractSpinBox::down-arrow { image: url(:/icons/arrow-@scheme.svg); width: 16px; height: 16px; }
QRadioButton::indicator { width: 14px; height: 14px; border: 2px solid @control; border-radius: 9px; background: @inset; }
QRadioButton::indicator:checked { width: 8px; height: 8px; border: 5px solid @accent; background: @surface; }
QCheckBox::indicator { width: 14px; height: 14px; border: 2px solid @control; border-radius: 4px; background: @inset; }
QCheckBox::indicator:checked { width: 8px; height: 8px; border: 5px solid @accent; background: @surface; }
QComboBox QAbstractItemView { background: @surface; border: 1px solid @border; selection-background-color: @sel; }
QPlainTextEdit, QTextEdit, QTextBrowser { background: @inset; border: 1px solid @border; border-radius: 6px;
    selection-background-color: @sel; selection-color: @text1; }
QMenu { background: @surface; border: 1px solid @border; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: @sel; }
QMenu::separator { height: 1px; background: @border; margin: 4px; }
QProgressBar { background: @raised; border: none; border-radius: 4px; max-height: 8px; min-height: 8px; }
QProgressBar::chunk { background: @accent; border-radius: 4px; }
QSlider::groove:horizontal { height: 4px; background: @raised; border-radius: 2px; }
QSlider::sub-page:horizontal { background: @accent; border-radius: 2px; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -5px 0; border-radius: 7px; background: @accent; }
QSlider::handle:horizontal:focus { background: @text1; border: 2px solid @accent; }
)";

constexpr const char* views = R"(
QAbstractItemView { background: @surface; border: none; outline: none; selection-background-color: @sel;
    selection-color: @text1; alternate-background-color: @surface; }
QTableView, QTreeView { border: 2px solid transparent; border-radius: 6px; }
QTableView:focus, QTreeView:focus { border-color: @accent; }
QTableView#modelTable { border: none; }
QTableView, QTreeView, QListView { gridline-color: @grid; }
QHeaderView { background: @surface; }
QHeaderView::section { background: @surface; color: @text2; border: none; border-bottom: 1px solid @border;
    padding: 4px 8px; font-size: @caption; font-weight: 500; }
QTableView#modelTable QHeaderView::up-arrow { image: url(:/icons/arrow-up-@scheme.svg); width: 14px; height: 14px; right: 4px;
    subcontrol-position: center right; }
QTableView#modelTable QHeaderView::down-arrow { image: url(:/icons/arrow-@scheme.svg); width: 14px; height: 14px; right: 4px;
    subcontrol-position: center right; }
QTabBar::tab { background: transparent; color: @text2; padding: 6px 12px; border: none;
    border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: @text1; border-bottom: 2px solid @accent; font-weight: 600; }
QTabBar::tab:focus { color: @accent; }
QTabWidget::pane { border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar::handle:vertical { background: @border; border-radius: 5px; min-height: 24px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle:horizontal { background: @border; border-radius: 5px; min-width: 24px; }
QScrollBar::handle:hover { background: @control; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
)";

constexpr const char* tones = R"(
QFrame[tone="ok"] { background: @okBack; border: 1px solid @okEdge; border-radius: 6px; }
QFrame[tone="warn"] { background: @warnBack; border: 1px solid @warnEdge; border-radius: 6px; }
QFrame[tone="bad"] { background: @badBack; border: 1px solid @badEdge; border-radius: 6px; }
QFrame[tone="info"] { background: @infoBack; border: 1px solid @infoEdge; border-radius: 6px; }
QLabel[chip="ok"] { color: @ok; background: @okBack; border: 1px solid @okEdge; border-radius: 10px; padding: 1px 8px; }
QLabel[chip="warn"] { color: @warn; background: @warnBack; border: 1px solid @warnEdge; border-radius: 10px; padding: 1px 8px; }
QLabel[chip="bad"] { color: @bad; background: @badBack; border: 1px solid @badEdge; border-radius: 10px; padding: 1px 8px; }
QLabel[chip="info"] { color: @accent; background: @infoBack; border: 1px solid @infoEdge; border-radius: 10px; padding: 1px 8px; }
QLabel[step="true"] { color: @text1; border: 2px solid @accent; border-radius: 12px; font-weight: 600; }
QLabel[kbd="true"] { color: @text2; border: 1px solid @control; border-radius: 4px; padding: 0 4px; font-size: @caption; }
)";

constexpr const char* chat = R"(
QTextEdit[flat="true"], QTextEdit[flat="true"]:focus { background: transparent; border: none; border-radius: 0; padding: 0; }
QFrame[code="true"] { background: @inset; border: 1px solid @border; border-radius: 6px; }
QFrame[bubble="true"] { background: @sel; border: none; border-radius: 8px; }
QFrame[turn="true"] { border: 2px solid transparent; border-radius: 6px; }
QFrame[turn="true"]:focus { border-color: @accent; }
QLabel[strong="true"] { color: @text1; font-weight: 600; }
QPushButton[segment="left"] { border-top-right-radius: 0; border-bottom-right-radius: 0; border-right: none; }
QPushButton[segment="middle"] { border-radius: 0; border-right: none; }
QPushButton[segment="right"] { border-top-left-radius: 0; border-bottom-left-radius: 0; }
)";

} // namespace

QString styleSheet(const Theme& theme) {
    const Tokens& t = theme.tokens();
    QString sheet = QString(frames) + QString(labels) + QString(buttons) + QString(fields) +
                    QString(views) + QString(tones) + QString(chat);
    const auto points = [&](TextRole role) {
        return QString::number(theme.font(role).pointSizeF(), 'f', 1) + "pt";
    };
    // Longer names first where one is the start of another.
    const QList<std::pair<QString, QString>> values{
        {"@accentFill", t.accentFill.name()},
        {"@accent", t.accent.name()},
        {"@onAccent", t.onAccent.name()},
        {"@surface", t.surface.name()},
        {"@raised", t.raised.name()},
        {"@inset", t.inset.name()},
        {"@border", t.border.name()},
        {"@control", t.control.name()},
        {"@grid", t.grid.name()},
        {"@rail", t.rail.name()},
        {"@text1", t.text1.name()},
        {"@text2", t.text2.name()},
        {"@text3", t.text3.name()},
        {"@sel", t.sel.name()},
        {"@okBack", t.ok.back.name()},
        {"@okEdge", t.ok.edge.name()},
        {"@ok", t.ok.text.name()},
        {"@warnBack", t.warn.back.name()},
        {"@warnEdge", t.warn.edge.name()},
        {"@warn", t.warn.text.name()},
        {"@badBack", t.bad.back.name()},
        {"@badEdge", t.bad.edge.name()},
        {"@bad", t.bad.text.name()},
        {"@infoBack", t.info.back.name()},
        {"@infoEdge", t.info.edge.name()},
        {"@fixedFamily", theme.font(TextRole::fixed).family()},
        {"@scheme", t.dark ? "dark" : "light"},
        {"@caption", points(TextRole::caption)},
        {"@name", points(TextRole::name)},
        {"@big", points(TextRole::bigNumber)},
        {"@pageTitle", points(TextRole::pageTitle)},
    };
    for (const auto& [name, value] : values)
        sheet.replace(name, value);
    return sheet;
}

} // namespace bwla::ui
