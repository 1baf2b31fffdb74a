/** What stands between MTCMon's markers once they are understood: its markup, with our attributes. One line each. */

const oneLine = (markup: string) => markup.replace(/\n\s*/g, '');

export const indexList = oneLine(`
  <ul>
    <li data-each="node in nodes"><a class="scroll-to" data-attr-href="'#' + encodeURIComponent(node.name)"
      data-text="node.name"></a> <small data-text="node.summary"></small></li>
  </ul>`);

export const tableOfContents = oneLine(`
  <section id="tableofcontents">
    <h2>Quick Access</h2>
    <div class="auto-multicol">${indexList}</div>
  </section>`);

const usageBar = (bar: string, text: string) =>
  `<div class="usagebar"><span data-attr-class="${bar}.level" data-attr-style="'width:' + ${bar}.width + '%'"></span>${text}</div>`;

const systemTable = `
  <table class="systable">
    <caption>System Stats:</caption>
    <tbody>
      <tr data-each="row in node.resources">
        <td><span data-text="row.label"></span>:</td>
        <td>${usageBar('row', '')}</td>
        <td data-text="row.text"></td>
      </tr>
      <tr data-each="row in node.filesystems">
        <td><span data-text="row.label"></span>:</td>
        <td>${usageBar('row', '')}</td>
        <td data-text="row.use"></td>
      </tr>
    </tbody>
  </table>`;

const gpuTable = `
  <table class="gputable" data-if="node.gpus.length">
    <caption>GPU Stats:</caption>
    <thead><tr><th>ID</th><th>Name</th><th>Available (MB)</th><th>Jobs</th></tr></thead>
    <tbody>
      <tr data-each="gpu in node.gpus">
        <td data-text="gpu.index"></td>
        <td><span data-text="gpu.name"></span><span class="errormsg" data-if="gpu.fault" data-text="' ' + gpu.fault"></span></td>
        <td>${usageBar('gpu.memory', '<div data-text="gpu.memory.freeMegabytes"></div>')}</td>
        <td><div data-each="job in gpu.jobs" data-attr-title="job.commandLine" data-text="job.line"></div></td>
      </tr>
    </tbody>
  </table>`;

export const content = oneLine(`
  <section data-each="node in nodes" data-attr-class="'node ' + node.state">
    <h2 data-attr-id="node.name" data-text="node.name"></h2>
    <p class="update" data-if="node.hasFigures">Updated <span data-age></span></p>
    <p class="errormsg" data-if="node.message" data-text="'Error: ' + node.message"></p>
    <p class="hint" data-if="node.hint" data-text="node.hint"></p>
    <p class="errormsg" data-each="error in node.errors" data-text="error.line"></p>
    <div class="twocol" data-if="node.hasFigures">
      <div class="leftcol">${systemTable}</div>
      <div class="rightcol">${gpuTable}</div>
    </div>
    <div class="clearfloat"></div>
  </section>`);
