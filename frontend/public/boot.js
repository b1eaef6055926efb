// Runs before the application is loaded, and before the first paint. It puts language and theme on the page, and asks the
// API for the first users: their answer travels while the code that shows them does (src/boot.ts tells the types).
(function () {
  function stored(name) {
    try {
      return localStorage.getItem(name);
    } catch (error) {
      return null; // cookies are blocked
    }
  }

  var root = document.documentElement;
  var wanted = [stored('language')].concat(navigator.languages).map(function (language) {
    return String(language).slice(0, 2);
  });
  root.lang =
    wanted.find(function (language) {
      return language === 'fr' || language === 'en';
    }) || 'fr';

  var mode = stored('mui-mode');
  var isDark = mode === 'dark' || (mode !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.dataset.theme = isDark ? 'dark' : 'light';

  var config = fetch('/config.json').then(function (response) {
    return response.json();
  });
  window.boot = { config: config, users: null };
  config.then(
    function (given) {
      if (location.pathname !== '/' || !given.apiUrl) return;
      var url = given.apiUrl + '/users/?limit=50';
      var search = new URLSearchParams(location.search);
      ['q', 'role'].forEach(function (name) {
        if (search.get(name)) url += '&' + name + '=' + encodeURIComponent(search.get(name));
      });
      url = new URL(url).href;
      window.boot.users = { url: url, answer: fetch(url) };
      window.boot.users.answer.catch(function () {}); // src/api/client.ts tells the fault
    },
    function () {}, // src/config.ts tells the fault
  );
})();
